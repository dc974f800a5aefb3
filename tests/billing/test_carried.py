"""Tiny amounts: carried to the next payment where a card cannot collect them, and never lost on the way."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.billing import automatic, batch_settling, branch_batches, checkout, open_invoices, subscriptions, ways
from portal.billing.errors import NothingOwed
from portal.insights import invariants
from portal.invoicing import carried_account, credit_balance, invoices
from portal.invoicing.models import Customer, Invoice
from portal.kit import edge
from portal.kit.db import db as db_session
from portal.kit.money import Money
from portal.kit.outbox import DomainEvent
from portal.ledger import balances
from portal.ledger.chart import WRITTEN_OFF, Account
from portal.payments import methods
from portal.payments.errors import MethodNotStored, TooLittleForCard
from portal.payments.models import PaymentSession
from portal.payments.queries import get_session
from tests.support import running, shop
from tests.support.everything import store_card

LATE = running.FIRST + timedelta(days=27)
"""Three days of thirty are left: Pro in place of Starter costs 20p, which is less than a card is charged."""


@pytest.fixture
def customer(db: None) -> Iterator[Customer]:
    """One with Starter and a stored card, near the end of the month."""
    found = running.started("starter")
    store_card(found)
    running.until(LATE)
    yield found
    assert invariants.violations() == []


def carried(customer: Customer) -> int:
    return carried_account.of(customer.id, "GBP").amount


def credit(customer: Customer) -> int:
    return credit_balance.of(customer.id, "GBP").amount


def change(customer: Customer, tier: str, method: str) -> PaymentSession | None:
    quote = checkout.quote_tier(customer, tier, shop.METHOD, edge.now())
    opened = checkout.start_payment(customer, quote, method, edge.now())
    return get_session(opened.public_id) if opened else None


def opened_for(invoice: Invoice) -> PaymentSession:
    return db_session.scalars(select(PaymentSession).where(PaymentSession.invoice_id == invoice.id)).one()


def owed(customer: Customer, amount: int) -> Invoice:
    """An open invoice of the next month of which goodwill has left only ``amount`` to pay."""
    running.until(LATE + timedelta(days=3, hours=-12))
    [invoice, *_] = [one for one in running.invoices_of(customer) if one.status == "open"]
    shop.give_credit(invoice.id, invoice.due.amount - amount)
    return invoices.lock(invoice.id)


def test_by_card_it_is_invoiced_and_carried(customer: Customer) -> None:
    assert change(customer, "pro", ways.CARD) is None
    [invoice, _] = running.invoices_of(customer)
    assert (invoice.status, invoice.total_amount, invoice.credit_amount, invoice.carried_amount) == ("paid", 20, 20, 20)
    assert (carried(customer), credit(customer)) == (20, 0)
    assert running.subscription_of(customer).tier_code == "pro"


def test_by_wallet_it_is_paid(customer: Customer) -> None:
    session = change(customer, "pro", ways.WALLET)
    assert session is not None
    assert running.pay(session) == "paid"
    assert carried(customer) == 0


def test_who_has_no_card_cannot_carry(customer: Customer) -> None:
    [card] = methods.list_shown(customer.id)
    methods.remove(customer.id, card.public_id, edge.now())
    with pytest.raises(MethodNotStored):
        change(customer, "pro", ways.CARD)
    assert carried(customer) == 0


def test_it_is_added_to_the_next_payment_and_is_no_line_of_it(customer: Customer) -> None:
    change(customer, "pro", ways.CARD)
    quote = checkout.quote_tier(customer, "enterprise", shop.METHOD, edge.now())
    assert quote.terms["arrears"] == [{"kind": "carried", "amount": 20}]
    assert (quote.total, quote.due, quote.to_pay) == (Money(20, "GBP"), Money(20, "GBP"), Money(40, "GBP"))
    session = change(customer, "enterprise", ways.CARD)
    assert session is not None
    assert (session.owed, session.arrears) == (Money(40, "GBP"), Money(20, "GBP"))
    assert running.pay(session) == "paid"
    [invoice, *_] = running.invoices_of(customer)
    assert (invoice.total_amount, invoice.paid_amount, carried(customer), credit(customer)) == (20, 20, 0, 0)


def test_a_quote_does_not_hold_once_something_was_carried(customer: Customer) -> None:
    early = checkout.quote_tier(customer, "enterprise", shop.METHOD, edge.now())
    change(customer, "pro", ways.CARD)
    fresh = checkout.renew_quote(customer, early, shop.METHOD, edge.now())
    assert (early.arrears.amount, fresh.arrears.amount) == (0, 20)


def test_up_and_straight_down_leaves_nothing_carried(customer: Customer) -> None:
    change(customer, "pro", ways.CARD)
    assert change(customer, "starter", ways.WALLET) is None
    open_invoices.use_all_credit(customer.id, edge.now())
    assert (carried(customer), credit(customer)) == (0, 0)


def test_a_renewal_pays_it_along(customer: Customer) -> None:
    change(customer, "pro", ways.CARD)
    running.until(LATE + timedelta(days=3, hours=-12))
    [invoice, *_] = running.invoices_of(customer)
    assert invoice.status == "open"
    assert automatic.charge_invoice(invoice.id, edge.now()) == "charging"
    session = opened_for(invoice)
    assert (session.owed.amount, session.arrears.amount) == (320, 20)
    assert running.pay(session) == "paid"
    invoice = invoices.lock(invoice.id)
    assert (invoice.status, invoice.paid_amount, carried(customer)) == ("paid", 300, 0)


def test_what_is_left_of_a_renewal_is_carried_where_a_card_pays(customer: Customer) -> None:
    invoice = owed(customer, 29)
    assert automatic.charge_invoice(invoice.id, edge.now()) == "settled"
    invoice = invoices.lock(invoice.id)
    assert (invoice.status, invoice.carried_amount, carried(customer)) == ("paid", 29, 29)


def test_whose_invoice_was_carried_is_told_once(customer: Customer) -> None:
    invoice = owed(customer, 29)
    for _ in range(2):
        automatic.charge_invoice(invoice.id, edge.now())
    told = db_session.scalars(select(DomainEvent.facts).where(DomainEvent.name == open_invoices.INVOICE_SETTLED)).all()
    assert [(one["number"], one["amount"], one["is_carried"]) for one in told] == [(invoice.number, 29, True)]


def test_what_has_ended_carries_nothing(customer: Customer) -> None:
    invoice = owed(customer, 29)
    subscriptions.end(subscriptions.lock(running.subscription_of(customer).id), edge.now())
    with pytest.raises(TooLittleForCard):
        open_invoices.start_payment(customer, invoice, ways.CARD, edge.now())
    assert carried(customer) == 0


def test_a_batch_of_branches_is_settled_and_carried_at_midnight(customer: Customer) -> None:
    branch_batches.add(customer, running.business_of(customer).id, edge.now(), may_spend=True, **shop.place("Harbour"))
    batch_settling.settle(running.subscription_of(customer).id, edge.now())
    assert running.subscription_of(customer).extra_branches == 1
    assert carried(customer) == 10


def test_it_is_asked_for_once_though_several_invoices_are_charged(customer: Customer) -> None:
    change(customer, "pro", ways.CARD)
    running.until(running.FIRST + timedelta(days=62))  # for so long nothing was collected
    both = [one for one in running.invoices_of(customer) if one.status == "open"]
    for one in both:
        automatic.charge_invoice(one.id, edge.now())
    charges = [opened_for(one) for one in both]
    assert sorted(one.arrears.amount for one in charges) == [0, 20]
    assert [running.pay(one) for one in charges] == ["paid", "paid"]
    assert (carried(customer), credit(customer)) == (0, 0)


def test_thirty_pence_are_charged(customer: Customer) -> None:
    invoice = owed(customer, 30)
    assert automatic.charge_invoice(invoice.id, edge.now()) == "charging"


def test_two_tiny_amounts_that_come_to_enough_are_charged_together(customer: Customer) -> None:
    change(customer, "pro", ways.CARD)
    invoice = owed(customer, 10)
    assert automatic.charge_invoice(invoice.id, edge.now()) == "charging"
    assert running.pay(opened_for(invoice)) == "paid"
    assert (carried(customer), credit(customer)) == (0, 0)


def test_credit_that_comes_pays_it_first(customer: Customer) -> None:
    change(customer, "pro", ways.CARD)
    [_, first] = running.invoices_of(customer)
    shop.give_credit(first.id, 50)
    open_invoices.use_all_credit(customer.id, edge.now())
    assert (carried(customer), credit(customer)) == (0, 30)


def test_credit_that_pays_just_all_of_a_change_leaves_it_for_the_next_payment(customer: Customer) -> None:
    change(customer, "pro", ways.CARD)
    shop.give_credit(running.invoices_of(customer)[-1].id, 20)
    quote = checkout.quote_tier(customer, "enterprise", shop.METHOD, edge.now())
    assert (quote.total.amount, quote.credit.amount, quote.terms["arrears"]) == (20, 20, [])
    assert checkout.start_payment(customer, quote, shop.METHOD, edge.now()) is None
    assert (carried(customer), credit(customer)) == (20, 0)


def test_it_waits_while_a_payment_of_it_is_under_way(customer: Customer) -> None:
    change(customer, "pro", ways.CARD)
    session = change(customer, "enterprise", ways.WALLET)
    assert session is not None
    [*_, first] = running.invoices_of(customer)
    shop.give_credit(first.id, 50)
    open_invoices.use_all_credit(customer.id, edge.now())
    assert (carried(customer), credit(customer)) == (20, 50)
    assert running.pay(session) == "paid"
    assert (carried(customer), credit(customer)) == (0, 50)


def test_it_is_paid_by_wallet_at_any_time(customer: Customer) -> None:
    change(customer, "pro", ways.CARD)
    quote = checkout.quote_carried_amount(customer, shop.METHOD, edge.now())
    assert (quote.total.amount, quote.arrears.amount) == (20, 0)
    with pytest.raises(TooLittleForCard):
        checkout.start_payment(customer, quote, ways.CARD, edge.now())
    assert running.paid(customer, quote) == "paid"
    assert (carried(customer), credit(customer)) == (0, 0)
    with pytest.raises(NothingOwed):
        checkout.quote_carried_amount(customer, shop.METHOD, edge.now())


def test_it_is_written_off_when_the_subscription_ends(customer: Customer) -> None:
    change(customer, "pro", ways.CARD)
    subscriptions.end(subscriptions.lock(running.subscription_of(customer).id), edge.now())
    assert (carried(customer), credit(customer)) == (0, 0)
    assert balances.balance(Account(WRITTEN_OFF), "GBP") == Money(20, "GBP")
