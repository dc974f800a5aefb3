"""Paying ahead: it becomes credit, renewals are paid from it at their own price, and no invoice comes of it."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.billing import at_period_end, checkout, renewals
from portal.billing.apply_payment import apply_payment
from portal.billing.errors import NoSuchPrepayment, NotRunning
from portal.insights import invariants
from portal.invoicing import credit_balance
from portal.invoicing.models import Customer, Invoice
from portal.kit import edge
from portal.kit.db import db as db_session
from portal.kit.money import Money
from portal.payments.models import PaymentSession
from portal.payments.queries import get_session
from tests.support import running, shop


@pytest.fixture
def customer(db: None) -> Iterator[Customer]:
    """One that pays £3.00 for Pro from the first of a month of 30 days on."""
    yield running.started("pro")
    assert invariants.violations() == []


def _begin(customer: Customer, months: int) -> PaymentSession:
    quote = checkout.quote_prepayment(customer, months, shop.METHOD, edge.now())
    opened = checkout.start_payment(customer, quote, shop.METHOD, edge.now())
    assert opened is not None
    return get_session(opened.public_id)


def _invoices(customer: Customer, kind: str) -> list[tuple[str, int, int]]:
    query = select(Invoice).where(Invoice.customer_id == customer.id, Invoice.kind == kind).order_by(Invoice.created_at)
    return [(one.status, one.total_amount, one.credit_amount) for one in db_session.scalars(query)]


def test_three_months_paid_ahead_are_credit_that_pays_each_renewal(customer: Customer) -> None:
    assert running.pay(_begin(customer, 3)) == "prepaid"
    assert credit_balance.of(customer.id, "GBP") == Money(900, "GBP")
    assert _invoices(customer, "prepayment") == [("void", 900, 0)]
    for _ in range(4):
        running.until(edge.now() + timedelta(days=31))
    assert [status for status, _, _ in _invoices(customer, renewals.KIND)] == ["paid", "paid", "paid", "open"]
    assert credit_balance.of(customer.id, "GBP") == Money(0, "GBP")


def test_the_price_of_a_later_month_is_its_own(customer: Customer) -> None:
    running.pay(_begin(customer, 1))
    at_period_end.choose_tier(customer, "starter", edge.now())
    running.until(edge.now() + timedelta(days=31))
    assert _invoices(customer, renewals.KIND) == [("paid", 100, 100)]
    assert credit_balance.of(customer.id, "GBP") == Money(200, "GBP")


def test_credit_does_not_pay_for_credit(customer: Customer) -> None:
    running.pay(_begin(customer, 1))
    quote = checkout.quote_prepayment(customer, 2, shop.METHOD, edge.now())
    assert (quote.total, quote.credit, quote.due) == (Money(600, "GBP"), Money(0, "GBP"), Money(600, "GBP"))


def test_told_twice_it_is_credited_once_and_a_second_code_too_is_credit(customer: Customer) -> None:
    first = _begin(customer, 1)
    evidence = shop.evidence_for(first)
    assert [apply_payment(first, evidence, edge.now()) for _ in range(2)] == ["prepaid", "duplicate"]
    assert credit_balance.of(customer.id, "GBP") == Money(300, "GBP")


@pytest.mark.parametrize("months", [0, -1, 13])
def test_only_what_is_on_offer_can_be_paid_ahead(customer: Customer, months: int) -> None:
    with pytest.raises(NoSuchPrepayment):
        checkout.quote_prepayment(customer, months, shop.METHOD, edge.now())


def test_without_a_plan_there_is_nothing_to_pay_ahead(db: None) -> None:
    customer = shop.make_customer(shop.make_business(shop.make_owner("bea@shop.example"), "Other"))
    with pytest.raises(NotRunning):
        checkout.quote_prepayment(customer, 1, shop.METHOD, edge.now())
