"""Invoice numbers: without gaps, whoever rolls back and however many come at once; one series a year."""

import pytest

from portal.invoicing import numbering
from portal.kit import edge
from tests.support.races import at_once

pytestmark = pytest.mark.usefixtures("committing")


def take(is_kept: bool = True, series: str = "invoice", year: int = 2026) -> str:
    return edge.write(lambda: numbering.next_number(series, year), keep=lambda _: is_kept)


def test_a_rollback_gives_its_number_back() -> None:
    taken = [take(), take(False), take(False), take()]
    assert [taken[0], taken[3]] == ["INV-2026-000001", "INV-2026-000002"]


def test_series_and_years_count_for_themselves() -> None:
    assert [take(), take(year=2027), take(series="credit_note"), take()] == [
        *("INV-2026-000001", "INV-2027-000001", "CN-2026-000001", "INV-2026-000002")
    ]


def test_many_at_once_and_every_third_rolled_back_leave_no_gap() -> None:
    kept = [number % 3 != 0 for number in range(12)]
    taken = at_once(*[lambda is_kept=is_kept: (is_kept, take(is_kept)) for is_kept in kept])
    numbers = sorted(number for is_kept, number in taken if is_kept)
    assert numbers == [f"INV-2026-{n:06d}" for n in range(1, sum(kept) + 1)]
