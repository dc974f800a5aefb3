"""What is hidden as it was not paid: what it still owes, what is done about that, and until when it can come back."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from portal.billing import (
    at_period_end,
    branch_batches,
    checkout,
    dunning,
    dunning_cases,
    dunning_rules,
    open_invoices,
    product_limits,
    subscriptions,
    suspension,
    ways,
)
from portal.billing.errors import ChangeInProgress, PayFirst
from portal.billing.models import DunningCase
from portal.insights import invariants
from portal.invoicing import credit_balance, invoices
from portal.invoicing.models import Customer, Invoice
from portal.kit import edge
from portal.kit.db import db as db_session
from portal.kit.outbox import DomainEvent
from portal.payments.models import PaymentSession
from portal.payments.queries import get_session
from tests.billing.test_restoration import customer as customer
from tests.billing.test_restoration import hidden, is_listed, owed, restoration, step, suspended
from tests.support import running, shop

__all__ = ["customer"]


def code_for(customer: Customer, invoice: Invoice) -> PaymentSession:
    opened = open_invoices.start_payment(customer, invoice, ways.WALLET, edge.now())
    assert opened is not None
    return get_session(opened.public_id)


@pytest.mark.parametrize("chosen", ["end", "starter"])
def test_what_was_chosen_for_its_end_is_told_to_be_over(db: None, chosen: str) -> None:
    customer = running.started("pro")
    running.until(running.FIRST + timedelta(days=30))
    dunning.collect(owed(customer).id, edge.now())
    if chosen == "end":
        at_period_end.cancel(customer, edge.now())
    else:
        at_period_end.choose_tier(customer, chosen, edge.now())
    hidden(customer)
    told = db_session.scalars(select(DomainEvent.facts).where(DomainEvent.name == suspension.SUSPENDED)).all()
    assert [one["dropped"] for one in told] == [chosen]
    assert invariants.violations() == []


def test_once_what_is_owed_is_paid_by_itself_a_month_brings_it_back(customer: Customer) -> None:
    invoice = owed(customer)
    assert running.pay(code_for(customer, invoice)) == "paid"
    quote = restoration(customer)
    assert (quote.terms["arrears"], quote.to_pay.amount) == ([], 400)
    assert running.paid(customer, quote) == "restored"
    case = dunning_cases.find_locked(invoice.id)
    assert (case and case.status, is_listed(customer)) == ("closed", True)


def test_what_is_paid_and_then_ended_is_waited_for_no_more(customer: Customer) -> None:
    invoice = owed(customer)
    shop.give_credit(invoice.id, invoice.due.amount)
    dunning_cases.clear(invoices.lock(invoice.id), edge.now())
    at_period_end.cancel(customer, edge.now())
    case = dunning_cases.find_locked(invoice.id)
    assert case is not None
    assert case.status == "closed"


def test_credit_alone_brings_it_back_whether_it_has_paid_what_is_owed_or_not(customer: Customer) -> None:
    rest = owed(customer).due.amount
    shop.give_credit(running.invoices_of(customer)[-1].id, 400)
    quote = restoration(customer)
    assert (quote.terms["arrears"], quote.credit.amount, quote.to_pay.amount) == ([], 400 - rest, rest)
    open_invoices.use_all_credit(customer.id, edge.now())
    assert restoration(customer).terms == quote.terms
    shop.give_credit(owed_last(customer).id, rest)
    quote = restoration(customer)
    assert not quote.to_pay
    assert checkout.start_payment(customer, quote, shop.METHOD, edge.now()) is None
    assert (is_listed(customer), credit_balance.of(customer.id, "GBP").amount) == (True, 0)


def owed_last(customer: Customer) -> Invoice:
    return next(one for one in running.invoices_of(customer) if one.status == "paid")


def test_of_two_that_are_overdue_neither_is_tried_or_told_of_once_it_is_hidden(db: None) -> None:
    customer = running.started("pro")
    running.until(running.FIRST + timedelta(days=62))
    both = [one for one in running.invoices_of(customer) if one.status == "open"]
    for one in both:
        dunning.collect(one.id, edge.now())
    while running.subscription_of(customer).status != "suspended":
        step(both[0])
    before = db_session.query(DomainEvent).filter_by(name=dunning.OVERDUE).count()
    dunning.take_step(both[1].id, edge.now())
    assert db_session.query(DomainEvent).filter_by(name=dunning.OVERDUE).count() == before
    ends_at = min(dunning_rules.ends_at(case.started_at) for case in cases(both))
    assert [dunning_cases.find_hidden(one.id) for one in both] == [dunning_cases.Hidden("pro", ends_at)] * 2
    shop.give_credit(both[0].id, both[0].due.amount)
    dunning_cases.clear(invoices.lock(both[0].id), edge.now())
    assert {case.status for case in cases(both)} == {"suspended"}
    assert invariants.violations() == []


def cases(invoices: list[Invoice]) -> list[DunningCase]:
    return [case for case in (dunning_cases.find_locked(one.id) for one in invoices) if case is not None]


def test_a_month_that_will_never_be_shown_is_not_owed(db: None) -> None:
    customer = running.started("pro")
    running.until(running.FIRST + timedelta(days=45))
    [invoice] = [one for one in running.invoices_of(customer) if one.status == "open"]
    dunning.collect(invoice.id, edge.now())
    while running.subscription_of(customer).status != "suspended":
        step(invoice)
    [june] = [one for one in running.invoices_of(customer) if one.period_starts_on == date(2027, 6, 1)]
    assert (june.status, june.credited_open_amount) == ("paid", 300)
    assert restoration(customer).arrears == invoice.due
    dunning.collect(june.id, edge.now())
    assert dunning_cases.find_locked(june.id) is None
    assert invariants.violations() == []


def test_what_credit_had_paid_in_part_is_hidden_owing_nothing_and_has_not_ended(db: None) -> None:
    customer = running.started("pro")
    shop.give_credit(running.invoices_of(customer)[0].id, 200)
    suspended(customer)
    assert [one.status for one in running.invoices_of(customer)] == ["paid", "paid"]
    told = [one for one in db_session.query(DomainEvent) if one.name in (suspension.SUSPENDED, subscriptions.ENDED)]
    assert [(one.name, one.facts["amount"]) for one in told] == [(suspension.SUSPENDED, 0)]
    assert invariants.violations() == []


def test_what_was_paid_of_such_a_month_is_credit_and_it_is_hidden_all_the_same(db: None) -> None:
    customer = running.started("pro")
    running.until(running.FIRST + timedelta(days=27))
    running.pay(code_for(customer, owed(customer)))
    batch = branch_batches.add(customer, customer.business_id, edge.now(), may_spend=True, **shop.place("Harbour"))
    assert running.paid(customer, checkout.quote_batch(customer, shop.METHOD, edge.now())) == "paid"
    assert batch.shown_since
    suspended(customer)
    assert credit_balance.of(customer.id, "GBP").amount == 119, "17 of 31 days of £4.00, less the £1.00 that was open"
    assert not dunning_cases.list_overdue(running.subscription_of(customer))[0].due
    assert invariants.violations() == []


@pytest.mark.parametrize("is_end", [False, True])
def test_what_was_chosen_for_the_end_is_chosen_no_more(db: None, is_end: bool) -> None:
    customer = running.started("enterprise")
    running.until(running.FIRST + timedelta(days=30))
    dunning.collect(owed(customer).id, edge.now())
    if is_end:
        at_period_end.cancel(customer, edge.now())
    else:
        at_period_end.choose_tier(customer, "pro", edge.now())
    now = running.subscription_of(hidden(customer))
    assert (now.pending_tier_code, now.turns_on, now.renews_at, now.cancels_at_end) == (None, None, None, False)


def test_while_it_is_being_paid_for_it_is_not_ended_and_nothing_is_paid_ahead(customer: Customer) -> None:
    with pytest.raises(PayFirst):
        checkout.quote_prepayment(customer, 1, shop.METHOD, edge.now())
    shop.open_session(customer, restoration(customer))
    with pytest.raises(ChangeInProgress):
        at_period_end.cancel(customer, edge.now())


def test_what_may_happen_by_itself_is_as_it_was(db: None) -> None:
    customer = running.started("pro")
    before = running.subscription_of(customer)
    product_limits.choose(running.business_of(customer).id, can_grow=False, can_shrink=True, now=edge.now())
    assert (before.can_grow, before.can_shrink) == (False, True)
    suspended(customer)
    assert running.paid(customer, restoration(customer)) == "restored"
    after = running.subscription_of(customer)
    assert (after.id != before.id, after.can_grow, after.can_shrink) == (True, False, True)


def test_a_plan_that_ended_while_it_was_dunned_is_told_of_no_hiding(db: None) -> None:
    customer = running.started("pro")
    running.until(running.FIRST + timedelta(days=57))
    invoice = owed(customer)
    dunning.collect(invoice.id, edge.now())
    at_period_end.cancel(customer, edge.now())
    step(invoice)
    running.until(running.FIRST + timedelta(days=61))
    at_period_end.turn(running.subscription_of(customer).id, date(2027, 6, 1), edge.now())
    step(invoice)
    told = select(DomainEvent.facts).where(DomainEvent.name == dunning.OVERDUE).order_by(DomainEvent.id)
    assert [facts["hidden_on"] for facts in db_session.scalars(told)] == ["2027-06-11", "2027-06-11", None]
