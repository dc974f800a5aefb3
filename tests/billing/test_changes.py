"""Moving to a larger tier in the middle of a period: charged to the penny, once paid, and never for what ended."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import select, text

from portal.billing import at_period_end, checkout, holdings, quotes, states
from portal.billing.errors import AlreadyStarted, ChangeInProgress, NotRunning, PayFirst, QuoteChanged, SameTier
from portal.billing.models import Quote
from portal.catalogue.errors import UnknownOffer
from portal.currency import rates
from portal.directory import visibility
from portal.insights import invariants
from portal.invoicing import credit_balance
from portal.invoicing.models import Customer
from portal.invoicing.queries import lines_of, lines_of_credit_note
from portal.kit import clock, edge
from portal.kit.db import db as db_session
from portal.kit.money import Money
from portal.kit.outbox import DomainEvent
from portal.payments import sessions
from portal.payments.models import PaymentSession
from tests.support import running, shop
from tests.support.world import PER_EURO

GBP = "GBP"


@pytest.fixture
def customer(db: None) -> Iterator[Customer]:
    """A customer who pays £1.00 for Starter and £2.00 for two further branches, on the first of a month of 30 days."""
    running.until(datetime(2027, 4, 1, 12, tzinfo=UTC))
    business = shop.make_business(shop.make_owner())
    shop.make_branch(business, "Second")
    shop.make_branch(business, "Third")
    customer = shop.make_customer(business)
    assert running.paid(customer, shop.make_quote(customer, "starter")) == "paid"
    yield customer
    assert invariants.violations() == []


def _days(count: int) -> None:
    running.until(edge.now() + timedelta(days=count))


def _quote(customer: Customer, tier: str) -> Quote:
    return checkout.quote_tier(customer, tier, shop.METHOD, edge.now())


def test_the_rest_of_the_period_is_charged_by_days_and_explains_itself(customer: Customer) -> None:
    _days(18)
    quote = _quote(customer, "pro")
    assert (quote.total, quote.quoted_on.isoformat()) == (Money(80, GBP), "2027-04-19")
    lines = quotes.lines_of(quote)
    assert [(line.code, line.quantity, line.amount.amount) for line in lines] == [("pro", 1, 120), ("starter", -1, -40)]
    assert lines[0].derivation == {"kind": "days", "days": 12, "of": 30}
    assert quote.terms["next_amount"] == 500

    assert running.paid(customer, quote) == "paid"

    subscription = running.subscription_of(customer)
    assert (subscription.tier_code, subscription.status) == ("pro", "active")
    entitlement = visibility.find_entitlement(customer.business_id)
    assert entitlement is not None
    assert entitlement.product_limit == 100
    newest = running.invoices_of(customer)[0]
    assert (newest.kind, newest.status, newest.total) == ("subscription_change", "paid", Money(80, GBP))
    assert [line.amount for line in lines_of(newest.id)] == [120, -40]
    held = holdings.current(subscription, GBP, edge.now())
    assert held is not None
    assert held.invoiced == Money(380, GBP)
    assert (newest.period_starts_on, newest.period_ends_on) == (held.period.starts_on, held.period.ends_on)


def test_d9_several_changes_cost_what_the_days_are_worth_and_not_a_penny_more(
    customer: Customer, saw: Callable[[str], None]
) -> None:
    _days(7)
    assert running.paid(customer, _quote(customer, "pro")) == "paid"
    _days(4)
    assert running.paid(customer, _quote(customer, "enterprise")) == "paid"
    held = holdings.current(running.subscription_of(customer), GBP, edge.now())
    assert held is not None
    assert held.invoiced.amount == round(300 + 200 * 23 / 30 + 200 * 19 / 30)
    saw("two changes in a month of 30 days: 300 + 153 + 127 pence invoiced, 580 by the law")


def test_a_smaller_tier_at_once_gives_the_rest_back_as_credit(customer: Customer) -> None:
    assert running.paid(customer, _quote(customer, "enterprise")) == "paid"
    _days(10)
    quote = _quote(customer, "pro")
    assert (quote.total, quote.due) == (Money(-133, GBP), Money(0, GBP))

    assert checkout.start_payment(customer, quote, shop.METHOD, edge.now()) is None

    assert running.subscription_of(customer).tier_code == "pro"
    assert credit_balance.of(customer.id, GBP) == Money(133, GBP)
    [note] = running.notes_of(customer)
    assert (note.reason, note.total, note.open_amount) == ("change", Money(133, GBP), 0)
    lines = lines_of_credit_note(note.id)
    assert [(line.code, line.quantity, line.amount) for line in lines] == [("pro", 1, -200), ("enterprise", -1, 333)]
    with pytest.raises(SameTier):
        checkout.start_payment(customer, quote, shop.METHOD, edge.now())


def test_up_and_straight_down_costs_nothing(customer: Customer) -> None:
    _days(3)
    assert running.paid(customer, _quote(customer, "pro")) == "paid"
    checkout.start_payment(customer, _quote(customer, "starter"), shop.METHOD, edge.now())
    assert credit_balance.of(customer.id, GBP) == Money(180, GBP)
    checkout.start_payment(customer, _quote(customer, "pro"), shop.METHOD, edge.now())
    checkout.start_payment(customer, _quote(customer, "starter"), shop.METHOD, edge.now())
    assert credit_balance.of(customer.id, GBP) == Money(180, GBP)


def test_what_comes_back_is_credited_on_several_invoices_where_one_is_too_small(customer: Customer) -> None:
    assert running.paid(customer, _quote(customer, "pro")) == "paid"
    assert running.paid(customer, _quote(customer, "enterprise")) == "paid"
    checkout.start_payment(customer, _quote(customer, "starter"), shop.METHOD, edge.now())
    assert sorted(note.total.amount for note in running.notes_of(customer)) == [200, 200]
    assert credit_balance.of(customer.id, GBP) == Money(400, GBP)


def test_money_for_a_change_that_another_replaced_becomes_credit(customer: Customer) -> None:
    stray = shop.open_session(customer, _quote(customer, "pro"))
    _days(1)
    assert running.paid(customer, _cancelled(customer, stray, "enterprise")) == "paid"
    assert running.pay(stray) == "credited"
    assert credit_balance.of(customer.id, GBP) == Money(200, GBP)
    with pytest.raises(SameTier):
        _quote(customer, "enterprise")


def _cancelled(customer: Customer, session: PaymentSession, tier: str) -> Quote:
    sessions.cancel(session.public_id, edge.now())
    return _quote(customer, tier)


def test_credit_alone_needs_no_payment(customer: Customer) -> None:
    stray = shop.open_session(customer, _quote(customer, "enterprise"))
    assert running.paid(customer, _cancelled(customer, stray, "pro")) == "paid"
    assert running.pay(stray) == "credited"
    assert checkout.start_payment(customer, _quote(customer, "enterprise"), shop.METHOD, edge.now()) is None
    assert running.subscription_of(customer).tier_code == "enterprise"
    assert credit_balance.of(customer.id, GBP) == Money(200, GBP)


def test_a_quote_of_yesterday_is_shown_anew(customer: Customer) -> None:
    quote = _quote(customer, "pro")
    _days(1)
    with pytest.raises(QuoteChanged):
        checkout.start_payment(customer, quote, shop.METHOD, edge.now())
    assert checkout.renew_quote(customer, quote, shop.METHOD, edge.now()).total < quote.total


def test_paid_after_midnight_the_quotes_day_stays(customer: Customer) -> None:
    running.until(datetime(2027, 4, 10, 22, 30, tzinfo=UTC))  # half past eleven in London
    session = shop.open_session(customer, _quote(customer, "pro"))
    clock.advance(timedelta(minutes=50))
    assert running.pay(session) == "paid"
    held = holdings.current(running.subscription_of(customer), GBP, edge.now())
    assert held is not None
    assert held.held[-1].from_on.isoformat() == "2027-04-10"


def test_money_for_a_period_that_ended_becomes_credit(customer: Customer) -> None:
    running.until(datetime(2027, 4, 30, 22, 30, tzinfo=UTC))
    session = shop.open_session(customer, _quote(customer, "pro"))
    clock.advance(timedelta(minutes=50))
    assert running.pay(session) == "credited"
    assert running.subscription_of(customer).tier_code == "starter"
    assert credit_balance.of(customer.id, GBP) == session.owed


def test_nothing_else_moves_while_a_change_is_being_paid(customer: Customer) -> None:
    session = shop.open_session(customer, _quote(customer, "pro"))
    with pytest.raises(ChangeInProgress):
        _quote(customer, "enterprise")
    again = checkout.start_payment(customer, shop.quote_of(session), shop.METHOD, edge.now())
    assert again is not None
    assert again.public_id == session.public_id


def test_what_cannot_be_changed_says_so(customer: Customer) -> None:
    with pytest.raises(SameTier):
        _quote(customer, "starter")
    with pytest.raises(UnknownOffer):
        _quote(customer, "gold")
    start = db_session.execute(text("SELECT id FROM quotes WHERE kind = 'subscription_start'")).scalar_one()
    with pytest.raises(AlreadyStarted):
        checkout.start_payment(customer, quotes.get_by_id(start), shop.METHOD, edge.now())
    clock.advance(datetime(2027, 5, 1, 0, 0, tzinfo=UTC) - edge.now())  # nothing has renewed it yet
    with pytest.raises(NotRunning):
        _quote(customer, "pro")
    _days(0)
    _quote(customer, "pro")


def test_what_is_not_paid_for_may_become_less_and_never_more(customer: Customer) -> None:
    assert running.paid(customer, _quote(customer, "pro")) == "paid"
    states.move(running.subscription_of(customer), "past_due")
    with pytest.raises(PayFirst):
        _quote(customer, "enterprise")
    assert checkout.start_payment(customer, _quote(customer, "starter"), shop.METHOD, edge.now()) is None
    subscription = running.subscription_of(customer)
    assert (subscription.tier_code, subscription.status) == ("starter", "past_due")
    states.move(subscription, "active")


def test_a_period_invoiced_for_more_than_it_is_worth_is_found(customer: Customer) -> None:
    with db_session.begin_nested() as planted:
        period_id = holdings.running(running.subscription_of(customer).id, edge.now())
        db_session.execute(text("ALTER TABLE period_holdings DISABLE TRIGGER USER"))
        db_session.execute(
            text("DELETE FROM period_holdings WHERE period_id = :id AND code = 'branch'"), {"id": period_id}
        )
        found = {violation.rule: violation.detail for violation in invariants.violations()}
        assert found == {
            "period_is_invoiced_its_worth": "2027-04-01 300 - 0 <> 100",
            "period_holds_what_is_agreed": "awake starter + 2",
        }
        planted.rollback()


def test_chosen_twice_is_chosen_and_told_of_once(customer: Customer) -> None:
    for choose in (lambda: at_period_end.choose_tier(customer, "pro", edge.now()),
                   lambda: at_period_end.cancel(customer, edge.now())):  # fmt: skip
        version, told = choose().version, _told()
        assert (choose().version, _told()) == (version, told)


def _told() -> int:
    return len(db_session.scalars(select(DomainEvent).where(DomainEvent.name == at_period_end.CHOSEN)).all())


def test_a_period_is_converted_at_the_rate_of_its_first_quote_whatever_the_newest_is(db: None) -> None:
    running.until(running.FIRST)
    customer = shop.make_customer(shop.make_business(shop.make_owner(), currency="EUR", country="DE"))
    asked = shop.make_quote(customer, "enterprise")
    assert running.paid(customer, shop.make_quote(customer, "starter")) == "paid"
    _days(10)
    rates.store({edge.now().date() + timedelta(days=1): PER_EURO | {"GBP": Decimal("0.5")}}, "test", edge.now())
    clock.advance(timedelta(days=1))

    quote = _quote(customer, "enterprise")

    assert (quote.terms["lines"][0]["unit"], quote.terms["next_amount"]) == (asked.total_amount, asked.total_amount)
    assert running.paid(customer, quote) == "paid"
