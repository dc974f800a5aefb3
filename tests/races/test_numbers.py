"""Invoice numbers taken by many at once, of whom some give theirs back: none missing, none twice, none waited for."""

from collections.abc import Callable
from typing import Any

from portal.billing.apply_payment import apply_payment
from portal.invoicing import numbering
from portal.kit import edge
from portal.kit.errors import Conflict
from tests.support import shop
from tests.support.races import Race, rewritten
from tests.support.statements import counted

RACERS = 12


def take(number: int) -> str:
    """Take a number; every third one changes its mind."""
    taken = numbering.next_number("invoice", 2026)
    if number % 3 == 0:
        raise Conflict("changed_my_mind", "")
    return taken


def is_gapless(_: object, outcomes: list[object]) -> bool:
    taken = sorted(outcome for outcome in outcomes if isinstance(outcome, str))
    return taken == [f"INV-2026-{number + 1:06d}" for number in range(RACERS - len(range(0, RACERS, 3)))]


def test_numbers_are_gapless_under_parallel_issue(
    prove: Callable[[Race[Any]], list[object]], saw: Callable[[str], None]
) -> None:
    race = Race(
        prepare=lambda: None,
        works=lambda _: [lambda number=number: take(number) for number in range(RACERS)],
        act="number_counters",
        guards=[
            rewritten(
                "INSERT INTO number_counters.*",
                "SELECT coalesce(max(last_number), 0) + 1 FROM number_counters "
                "WHERE series = %(series)s AND year = %(year)s",
            )
        ],
        holds=is_gapless,
    )
    outcomes = prove(race)
    saw(f"{RACERS} at once, every third rolled back: {sum(isinstance(o, str) for o in outcomes)} numbers without a gap")


def test_who_takes_a_number_keeps_it_from_others_only_for_its_last_words(db: None) -> None:
    session = shop.open_session(*_quoted())
    with counted() as statements:
        apply_payment(session, shop.evidence_for(session), edge.now())
    after = statements[next(n for n, said in enumerate(statements) if "number_counters" in said) + 1 :]
    tables = [said.split()[1 if said.startswith("UPDATE") else 2] for said in after if said[:6] in ("UPDATE", "INSERT")]
    assert tables == ["invoices", "invoices", "domain_events", "staged_jobs", "audit_log"]


def _quoted() -> tuple[Any, Any]:
    customer = shop.make_customer(shop.make_business(shop.make_owner()))
    return customer, shop.make_quote(customer)
