"""What is suspended comes back by one payment, and whoever comes back later pays first what is still owed."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.billing import at_period_end, checkout, dunning, dunning_cases, graces, hibernation, open_invoices, ways
from portal.billing.errors import AlreadyStarted, NoPlan, PayFirst
from portal.billing.models import Quote
from portal.directory import branches, visibility
from portal.insights import invariants
from portal.invoicing import credit_balance, invoices
from portal.invoicing.models import Customer, Invoice
from portal.kit import edge
from portal.kit.db import db as db_session
from portal.kit.jobs import StagedJob
from portal.kit.outbox import DomainEvent
from portal.payments.queries import get_session
from tests.catalogue.test_price_book import raise_prices
from tests.support import running, shop
from tests.support.counting import add, look
from tests.support.everything import store_card


@pytest.fixture
def customer(db: None) -> Iterator[Customer]:
    """One with Pro and a further branch, suspended two weeks into a month that was never paid."""
    yield suspended(running.started("pro", branches=1))
    assert invariants.violations() == []


def suspended(customer: Customer) -> Customer:
    """Let the customer owe the second month until its listing is hidden."""
    running.until(running.FIRST + timedelta(days=30))
    dunning.collect(owed(customer).id, edge.now())
    return hidden(customer)


def hidden(customer: Customer) -> Customer:
    while running.subscription_of(customer).status != "suspended":
        step(owed(customer))
    return customer


def step(invoice: Invoice) -> None:
    case = dunning_cases.find_locked(invoice.id)
    assert case is not None
    running.until(max(case.next_at, edge.now()))
    dunning.take_step(invoice.id, edge.now())


def owed(customer: Customer) -> Invoice:
    [found] = [one for one in running.invoices_of(customer) if one.status in ("open", "uncollectible")]
    return found


def restoration(customer: Customer) -> Quote:
    tier = running.subscription_of(customer).tier_code
    return checkout.quote_tier(customer, tier, shop.METHOD, edge.now())


def is_listed(customer: Customer) -> bool:
    found = visibility.find_entitlement(customer.business_id)
    return found is not None and found.is_listed


def test_one_payment_of_the_rest_and_a_new_month_restores_it(customer: Customer) -> None:
    before, invoice = running.subscription_of(customer), owed(customer)
    rest, quote = invoice.due, restoration(customer)
    assert quote.terms["arrears"] == [{"kind": "invoice", "number": invoice.number, "amount": rest.amount}]
    assert (quote.total.amount, quote.to_pay) == (400, quote.total + rest)
    assert running.paid(customer, quote) == "restored"
    now = running.subscription_of(customer)
    assert (now.status, now.tier_code, now.extra_branches) == ("active", "pro", 1)
    assert now.anchor_on == edge.now().date()
    assert now.price_version_id == before.price_version_id
    assert invoices.lock(invoice.id).status == "paid"
    [newest, *_] = running.invoices_of(customer)
    assert (newest.kind, newest.status, newest.total_amount) == ("subscription_start", "paid", 400)
    assert credit_balance.of(customer.id, "GBP").amount == 0
    assert is_listed(customer)
    assert len(branches.list_extra(running.business_of(customer).id)) == 1
    told = [one for one in db_session.query(DomainEvent) if one.name == "billing.subscription_started"]
    assert [one.facts["is_restored"] for one in told] == [False, True]
    assert not [one for one in db_session.query(DomainEvent) if one.name == "billing.subscription_ended"]


def test_it_keeps_the_prices_that_it_was_bought_under(customer: Customer) -> None:
    before = restoration(customer)
    raise_prices(edge.now())
    assert restoration(customer).terms == before.terms


def test_a_card_restores_it_too(customer: Customer) -> None:
    store_card(customer)
    opened = checkout.start_payment(customer, restoration(customer), ways.CARD, edge.now())
    assert opened is not None
    assert running.pay(get_session(opened.public_id)) == "restored"


def test_who_declines_is_suspended_as_before(customer: Customer) -> None:
    session = shop.open_session(customer, restoration(customer))
    assert running.subscription_of(customer).status == "suspended"
    assert owed(customer).status == "open"
    assert session.arrears == owed(customer).due


def test_it_can_come_back_as_a_tier_that_costs_less_and_one_that_costs_more_has_to_wait(customer: Customer) -> None:
    with pytest.raises(PayFirst):
        checkout.quote_tier(customer, "enterprise", shop.METHOD, edge.now())
    quote = checkout.quote_tier(customer, "starter", shop.METHOD, edge.now())
    assert (quote.kind, quote.total.amount) == ("restoration", 200)
    assert running.paid(customer, quote) == "restored"
    assert running.subscription_of(customer).tier_code == "starter"


def test_once_what_is_owed_is_paid_by_itself_money_for_both_becomes_credit(customer: Customer) -> None:
    session, invoice = shop.open_session(customer, restoration(customer)), owed(customer)
    shop.give_credit(invoice.id, invoice.due.amount)
    dunning_cases.clear(invoices.lock(invoice.id), edge.now())
    assert running.pay(session) == "credited"
    assert credit_balance.of(customer.id, "GBP").amount == session.amount


def test_what_has_ended_is_neither_restored_nor_started_by_an_older_quote(customer: Customer) -> None:
    quote = restoration(customer)
    start = db_session.scalars(select(Quote).where(Quote.kind == "subscription_start")).one()
    at_period_end.cancel(customer, edge.now())
    for again in (checkout.start_payment, checkout.renew_quote):
        with pytest.raises(NoPlan):
            again(customer, quote, shop.METHOD, edge.now())
    with pytest.raises(NoPlan) as refused:
        checkout.start_payment(customer, start, shop.METHOD, edge.now())
    assert refused.value.message == "No plan is running. Choose a tier to start one."


def test_what_is_back_is_not_restored_again(customer: Customer) -> None:
    quote = restoration(customer)
    assert running.paid(customer, restoration(customer)) == "restored"
    with pytest.raises(AlreadyStarted):
        checkout.start_payment(customer, quote, shop.METHOD, edge.now())


def test_what_slept_sleeps_again_and_pays_for_that_alone(db: None) -> None:
    customer = running.started("pro", branches=1)
    running.until(running.FIRST + timedelta(days=29))
    wakes_on = edge.now().date() + timedelta(days=90)
    quote = checkout.quote_hibernation(customer, wakes_on, shop.METHOD, edge.now())
    checkout.start_payment(customer, quote, shop.METHOD, edge.now())
    suspended(customer)
    quote = restoration(customer)
    assert [line["code"] for line in quote.terms["lines"]] == ["hibernation"]
    assert running.paid(customer, quote) == "restored"
    now = running.subscription_of(customer)
    assert (now.status, now.mode, now.wakes_on) == ("active", "hibernating", wakes_on)
    key = f"{hibernation.WAKE}:{now.id}:{wakes_on}"
    assert db_session.query(StagedJob).filter_by(key=key, state="pending").count() == 1
    assert not is_listed(customer)
    assert invariants.violations() == []


def test_after_sixty_days_coming_back_pays_first_what_shown_days_owe(customer: Customer) -> None:
    invoice = owed(customer)
    step(invoice)
    assert owed(customer).status == "uncollectible"
    rest, quote = owed(customer).due, checkout.quote_tier(customer, "starter", shop.METHOD, edge.now())
    assert quote.kind == "subscription_start"
    assert (quote.arrears, quote.to_pay) == (rest, quote.total + rest)
    assert running.paid(customer, quote) == "paid"
    assert invoices.lock(invoice.id).status == "paid"
    assert running.subscription_of(customer).status == "active"


def test_what_was_given_up_can_still_be_paid_by_itself(customer: Customer) -> None:
    invoice = owed(customer)
    step(invoice)
    opened = open_invoices.start_payment(customer, owed(customer), ways.WALLET, edge.now())
    assert opened is not None
    assert running.pay(get_session(opened.public_id)) == "paid"
    assert invoices.lock(invoice.id).status == "paid"
    assert checkout.quote_tier(customer, "starter", shop.METHOD, edge.now()).arrears.amount == 0


def test_a_grace_goes_on_with_the_days_that_it_had_left(db: None) -> None:
    customer = running.started("starter")
    running.until(running.FIRST + timedelta(days=30))
    dunning.collect(owed(customer).id, edge.now())
    for _ in range(3):
        step(owed(customer))
    running.until(running.FIRST + timedelta(days=41))
    add(customer, 11)
    before = graces.find_open(running.subscription_of(customer).id)
    hidden(customer)
    look(customer)
    running.until(edge.now() + timedelta(days=20))
    running.paid(customer, restoration(customer))
    look(customer)
    after = graces.find_open(running.subscription_of(customer).id)
    assert before is not None
    assert after is not None
    assert after.id == before.id
    assert timedelta(0) < after.ends_at - edge.now() < timedelta(days=5)
    assert invariants.violations() == []


def test_what_is_restored_after_its_day_of_waking_wakes_when_asked(db: None) -> None:
    customer = running.started("pro")
    running.until(running.FIRST + timedelta(days=29))
    wakes_on = edge.now().date() + timedelta(days=20)
    quote = checkout.quote_hibernation(customer, wakes_on, shop.METHOD, edge.now())
    checkout.start_payment(customer, quote, shop.METHOD, edge.now())
    suspended(customer)
    running.until(running.FIRST + timedelta(days=60))
    assert running.paid(customer, restoration(customer)) == "restored"
    now = running.subscription_of(customer)
    assert (now.mode, now.wakes_on) == ("hibernating", None)
    key = f"{hibernation.WAKE}:{now.id}:{wakes_on}"
    assert db_session.query(StagedJob).filter_by(key=key).count() == 0
