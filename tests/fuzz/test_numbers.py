"""E12: every number and every day that a form asks for, and whatever stands in its place: taken as it is or refused."""

import re
from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.kit import edge
from tests.fuzz.conftest import Field
from tests.fuzz.targets import AS_SENT, Target
from tests.support.proving import times

_READS_AS_ONE = re.compile(r"-?[0-9]+(\.[0-9]+)?|[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_WHOLE = re.compile(r"[0-9]+", re.ASCII)
_DECIMAL = re.compile(r"-?[0-9]{1,9}(\.[0-9]{1,20})?", re.ASCII)
_PRICE = re.compile(r"[0-9]{1,9}(\.[0-9]{1,2})?", re.ASCII)
LONDON = ZoneInfo("Europe/London")
CODES = {"code"}
"""Fields of digits that are no number."""
NUMBERS = st.integers(-20, 20) | st.integers(-(10**12), 10**12) | st.decimals() | st.floats()
DAYS = st.dates(date(2020, 1, 1), date(2040, 1, 1)) | st.dates()


def whole(low: int, high: int) -> Callable[[str], bool]:
    return lambda typed: bool(_WHOLE.fullmatch(typed)) and low <= int(typed) <= high


def between(low: int, high: int) -> Callable[[str], bool]:
    return lambda typed: bool(_DECIMAL.fullmatch(typed)) and low <= Decimal(typed) <= high


def is_day_to_come(typed: str) -> bool:
    """Whether it is one of the days from tomorrow on, at most two years ahead, where the shop of the world is."""
    today = edge.write(edge.now).astimezone(LONDON).date()
    days = {(today + timedelta(days=ahead)).isoformat() for ahead in range(1, 732)}
    return typed in days


TAKEN: dict[str, Callable[[str], bool]] = {
    "latitude": between(-90, 90),
    "longitude": between(-180, 180),
    "months": whole(1, 12),
    "position": whole(0, 99999),
    "price": lambda typed: bool(_PRICE.fullmatch(typed)),
    "wakes_on": is_day_to_come,
}
"""What each number or day that a form asks for may be."""


def numbers_of(field: Field) -> list[tuple[Target, str]]:
    """Each form that is taken with each of its fields that is filled in with a number or a day."""
    return [
        (target, name)
        for target in field.targets.values()
        for name, value in target.fields.items()
        if _READS_AS_ONE.fullmatch(value) and name not in CODES and target.rule not in AS_SENT
    ]


def judge(field: Field, target: Target, name: str, statuses: Counter[int]) -> None:
    """Type whatever Hypothesis makes up into the field."""

    @settings(max_examples=times(8, 300))
    @given(typed=st.one_of(NUMBERS, DAYS).map(str))
    def is_taken_or_refused(typed: str) -> None:
        status, wrong = field.complaints(target, **{name: typed})
        assert (status, wrong) == (303 if TAKEN[name](typed) else 422, [])
        statuses[status] += 1

    is_taken_or_refused()


@pytest.mark.timeout(900)
def test_e12_numbers_below_zero_and_days_that_are_past_are_refused(field: Field, saw: Callable[[str], None]) -> None:
    asked = numbers_of(field)
    assert {name for _, name in asked} == set(TAKEN)
    statuses = Counter[int]()
    for target, name in asked:
        with field.beginning(target.rule):
            judge(field, target, name, statuses)
    saw(f"{len(asked)} fields that ask for a number or a day: {statuses[303]} × taken, {statuses[422]} × 422")
