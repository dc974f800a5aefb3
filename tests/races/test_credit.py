"""The customer's credit, spent by many at once: what there is and not a penny more."""

from collections.abc import Callable, Iterator
from uuid import UUID

import pytest

from portal.billing.apply_payment import apply_payment
from portal.invoicing import credit_balance, invoices
from portal.invoicing.invoices import Basis, Line, Settlement
from portal.invoicing.models import Invoice
from portal.kit import config, edge
from portal.kit.money import Money
from portal.payments import sessions
from tests.support import proving, shop
from tests.support.races import Race, dropped

SPENDERS = 100


def owing(tier: str, price: int) -> list[UUID]:
    """Open invoices of one customer, each over ``price``; their credit is what they paid for a tier too late."""
    customer = shop.make_customer(shop.make_business(shop.make_owner()))
    session = shop.open_session(customer, shop.make_quote(customer, tier))
    sessions.cancel(session.public_id, edge.now())
    lapsed = invoices.lock(session.invoice_id)
    invoices.void(lapsed)
    assert apply_payment(session, shop.evidence_for(session), edge.now()) == "credited"
    return list(_issued(lapsed, Money(price, lapsed.currency)))


def _issued(like: Invoice, price: Money) -> Iterator[UUID]:
    basis = Basis(
        like.customer_id, like.subscription_id, like.subscription_version, like.quote_id, like.kind, like.currency
    )
    now = edge.now()
    for _ in range(SPENDERS):
        invoice = invoices.lock(invoices.draft(basis, [Line("tier", 1, price, price, {})], now))
        invoices.issue(invoice, (now.date(), now.date()), config.current().seller, {}, now)
        yield invoice.id


def spend(invoice_id: UUID) -> str:
    """Pay an open invoice with credit alone."""
    invoice = invoices.lock(invoice_id)
    credit_balance.settle(invoice, invoice.total, edge.now())
    nothing = Money(0, invoice.currency)
    invoices.settle(invoice, Settlement(invoice.total, nothing, nothing), edge.now())
    return "spent"


def left(invoice_ids: list[UUID]) -> int:
    """What is left of the credit."""
    return edge.write(lambda: credit_balance.of(invoices.lock(invoice_ids[0]).customer_id, "GBP").amount)


CASES = [("starter", 100, 100), ("enterprise", 500, 70)]


@pytest.mark.parametrize(("tier", "credit", "price"), proving.sample(CASES, 1, "credit"))
def test_e9_a_hundred_spenders_of_one_balance(
    prove: Callable[[Race], list[object]], saw: Callable[[str], None], tier: str, credit: int, price: int
) -> None:
    fits, rest = divmod(credit, price)
    race = Race(
        prepare=lambda: owing(tier, price),
        works=lambda ids: [lambda invoice_id=invoice_id: spend(invoice_id) for invoice_id in ids],
        act="INSERT INTO ledger_entries",
        guards=[dropped("ALTER TABLE ledger_accounts DROP CONSTRAINT ledger_accounts_guard_check")],
        holds=lambda ids, outcomes: (outcomes.count("spent"), left(ids)) == (fits, rest),
    )
    spent = prove(race).count("spent")
    saw(f"credit of {credit}, {SPENDERS} spenders of {price}: {spent} served, {SPENDERS - spent} × 409, {rest} left")
