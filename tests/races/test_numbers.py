"""Invoice numbers taken by many at once, of whom some give theirs back: none missing, none twice, none waited for."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from portal.billing.apply_payment import apply_payment
from portal.invoicing import invoices, numbering
from portal.kit import edge
from portal.kit.errors import Conflict
from portal.payments.models import PaymentSession
from tests.support import shop
from tests.support.races import Race, dropped, rewritten
from tests.support.statements import counted

Prove = Callable[[Race[Any]], list[object]]
RACERS = 12


def a_session(number: int = 0) -> PaymentSession:
    """The payment of one more shop."""
    owner = shop.make_owner(f"ann{number}@shop.example")
    customer = shop.make_customer(shop.make_business(owner, f"Shop {number}"))
    return shop.open_session(customer, shop.make_quote(customer))


def take(session: PaymentSession, *, is_kept: bool) -> str | None:
    """Take in a payment, which numbers its invoice; or think better of it with the number in hand."""
    apply_payment(session, shop.evidence_for(session), edge.now())
    if not is_kept:
        raise Conflict("changed_my_mind", "")
    return invoices.lock(session.invoice_id).number


def is_gapless(_: object, outcomes: list[object]) -> bool:
    taken = sorted(outcome for outcome in outcomes if isinstance(outcome, str))
    year = edge.write(edge.now).year
    return taken == [f"INV-{year}-{number + 1:06d}" for number in range(RACERS - len(range(0, RACERS, 3)))]


def test_numbers_are_gapless_under_parallel_issue(prove: Prove, saw: Callable[[str], None]) -> None:
    race = Race(
        prepare=lambda: [a_session(number) for number in range(RACERS)],
        works=lambda made: [
            lambda number=number, session=session: take(session, is_kept=number % 3 != 0)
            for number, session in enumerate(made)
        ],
        act="number_counters",
        guards=[
            rewritten(
                "INSERT INTO number_counters.*",
                "SELECT coalesce(max(last_number), 0) + 1 FROM number_counters "
                "WHERE series = %(series)s AND year = %(year)s",
            ),
            dropped("ALTER TABLE invoices DROP CONSTRAINT invoices_number_key"),
        ],
        holds=is_gapless,
    )
    outcomes = prove(race)
    saw(f"{RACERS} at once, every third rolled back: {sum(isinstance(o, str) for o in outcomes)} numbers without a gap")


def test_a_race_that_holds_and_leaves_the_books_wrong_is_lost(prove: Prove) -> None:
    race: Race[None] = Race(
        prepare=lambda: None,
        works=lambda _: [lambda: numbering.next_number("invoice", 2026)] * 2,
        act="number_counters",
        guards=[],
        holds=lambda *_: True,
    )
    with pytest.raises(AssertionError, match=r"the books do not: .*numbers_are_gapless"):
        prove(race)


def test_who_takes_a_number_keeps_it_from_others_only_for_its_last_words(db: None) -> None:
    session = a_session()
    with counted() as statements:
        apply_payment(session, shop.evidence_for(session), edge.now())
    after = statements[next(n for n, said in enumerate(statements) if "number_counters" in said) + 1 :]
    tables = [table for said in after for table in re.findall(r"(?:\AUPDATE|INSERT INTO) (\w+)", said)]
    assert tables == ["invoices", "domain_events", "staged_jobs", "audit_log"]
