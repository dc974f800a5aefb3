"""Hibernating and waking: hidden at once, charged to the penny by days both ways, and woken on the chosen day."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from portal.billing import at_period_end, checkout, hibernation, holdings
from portal.billing.errors import (
    ChangeInProgress,
    Hibernating,
    NotHibernating,
    NotRunning,
    NoWakeDay,
    QuoteChanged,
)
from portal.billing.models import Quote
from portal.catalogue.errors import UnknownOffer
from portal.directory import branches, businesses, visibility
from portal.directory.models import Business
from portal.insights import invariants
from portal.invoicing import credit_balance
from portal.invoicing.models import Customer
from portal.kit import clock, edge
from portal.kit.money import Money
from tests.support import running, shop

GBP = "GBP"


@pytest.fixture
def customer(db: None) -> Iterator[Customer]:
    """A customer who pays £3.00 for Pro and £1.00 for a further branch from the first of a month of 30 days on."""
    yield running.started("pro", branches=1)
    assert invariants.violations() == []


def _days(count: int) -> None:
    running.until(edge.now() + timedelta(days=count))


def _going_in(customer: Customer, wakes_on: date | None = None) -> Quote:
    return checkout.quote_hibernation(customer, wakes_on, shop.METHOD, edge.now())


def _waking(customer: Customer) -> Quote:
    return checkout.quote_waking(customer, shop.METHOD, edge.now())


def _hibernate(customer: Customer, wakes_on: date | None = None) -> None:
    assert checkout.start_payment(customer, _going_in(customer, wakes_on), shop.METHOD, edge.now()) is None


def _is_listed(customer: Customer) -> bool:
    assert customer.business_id is not None
    return visibility.status(customer.business_id) == "listed"


def _lines(quote: Quote) -> list[tuple[str, int, int]]:
    return [(line["code"], line["quantity"], line["amount"]) for line in quote.terms["lines"]]


def test_going_in_hides_at_once_keeps_everything_and_gives_the_unused_days_back(customer: Customer) -> None:
    _days(15)
    quote = _going_in(customer)
    assert _lines(quote) == [("hibernation", 1, 25), ("pro", -1, -150), ("branch", -1, -50)]
    assert (quote.total, quote.due, quote.terms["next_amount"]) == (Money(-175, GBP), Money(0, GBP), 50)

    assert checkout.start_payment(customer, quote, shop.METHOD, edge.now()) is None

    assert credit_balance.of(customer.id, GBP) == Money(175, GBP)
    assert not _is_listed(customer)
    subscription = running.subscription_of(customer)
    assert (subscription.mode, subscription.status, subscription.tier_code) == ("hibernating", "active", "pro")
    assert len(branches.list_shown(customer.business_id)) == 2
    [note] = running.notes_of(customer)
    assert (note.reason, note.total) == ("change", Money(175, GBP))


def test_in_and_straight_out_costs_nothing(customer: Customer) -> None:
    _days(6)
    _hibernate(customer)
    back = _waking(customer)
    assert (back.total, back.due) == (credit_balance.of(customer.id, GBP), Money(0, GBP))

    assert checkout.start_payment(customer, back, shop.METHOD, edge.now()) is None

    assert credit_balance.of(customer.id, GBP) == Money(0, GBP)
    assert _is_listed(customer)
    held = holdings.current(running.subscription_of(customer), GBP, edge.now())
    assert held is not None
    assert held.invoiced == Money(400, GBP)


def test_waking_takes_effect_when_it_is_paid_with_the_tier_and_branches_of_by_then(customer: Customer) -> None:
    _hibernate(customer)
    hibernation.wake_as(customer, "enterprise", edge.now())
    added = shop.make_branch(_business(customer), "While asleep")
    _days(10)
    quote = _waking(customer)
    assert _lines(quote) == [("enterprise", 1, 333), ("branch", 2, 133), ("hibernation", -1, -33)]
    assert (quote.credit, quote.due, quote.terms["next_amount"]) == (Money(350, GBP), Money(83, GBP), 700)
    session = shop.open_session(customer, quote)
    assert not _is_listed(customer)
    with pytest.raises(ChangeInProgress):
        hibernation.wake_as(customer, "starter", edge.now())

    assert running.pay(session) == "paid"

    assert _is_listed(customer)
    assert added in {branch.id for branch in branches.list_shown(customer.business_id)}
    assert running.invoices_of(customer)[0].kind == "waking"
    subscription = running.subscription_of(customer)
    assert (subscription.mode, subscription.tier_code, subscription.extra_branches) == ("awake", "enterprise", 2)


def _business(customer: Customer) -> Business:
    assert customer.business_id is not None
    return businesses.get(customer.business_id)


def test_what_wakes_is_edited_free_and_an_older_quote_shows_the_new_price(customer: Customer) -> None:
    _hibernate(customer)
    quote = _waking(customer)
    hibernation.wake_as(customer, "starter", edge.now())
    assert credit_balance.of(customer.id, GBP) == Money(350, GBP)
    with pytest.raises(QuoteChanged):
        checkout.start_payment(customer, quote, shop.METHOD, edge.now())
    with pytest.raises(UnknownOffer):
        hibernation.wake_as(customer, "hibernation", edge.now())


def test_the_tier_that_wakes_is_pending_no_longer_where_it_was_chosen_for_the_end(customer: Customer) -> None:
    at_period_end.choose_tier(customer, "starter", edge.now())
    _hibernate(customer)
    hibernation.wake_as(customer, "enterprise", edge.now())
    assert running.subscription_of(customer).pending_tier_code == "starter"
    hibernation.wake_as(customer, "starter", edge.now())
    subscription = running.subscription_of(customer)
    assert (subscription.tier_code, subscription.pending_tier_code, subscription.turns_on) == ("starter", None, None)


def test_what_does_not_fit_the_mode_says_so(customer: Customer) -> None:
    with pytest.raises(NotHibernating):
        _waking(customer)
    with pytest.raises(NotHibernating):
        hibernation.plan_waking(customer, None, edge.now())
    _hibernate(customer)
    with pytest.raises(Hibernating):
        _going_in(customer)
    with pytest.raises(Hibernating):
        checkout.quote_tier(customer, "enterprise", shop.METHOD, edge.now())
    clock.advance(datetime(2027, 5, 1, tzinfo=UTC) - edge.now())  # nothing has renewed it yet
    with pytest.raises(NotRunning):
        _waking(customer)
    _days(0)
    quote = _waking(customer)
    assert _lines(quote) == [("pro", 1, 300), ("branch", 1, 100), ("hibernation", -1, -50)], "the fee was its renewal"


def test_before_it_runs_there_is_nothing_to_hibernate(db: None) -> None:
    with pytest.raises(NotRunning):
        _going_in(shop.make_customer(shop.make_business(shop.make_owner())))


@pytest.mark.parametrize("days", [0, -1, 732])
def test_a_day_that_is_not_to_come_is_no_day_to_wake(customer: Customer, days: int) -> None:
    with pytest.raises(NoWakeDay):
        _going_in(customer, running.FIRST.date() + timedelta(days=days))
    _hibernate(customer)
    with pytest.raises(NoWakeDay):
        hibernation.plan_waking(customer, running.FIRST.date() + timedelta(days=days), edge.now())


def test_a_quote_that_is_made_anew_leaves_out_a_day_that_has_come(customer: Customer) -> None:
    quote = _going_in(customer, edge.now().date() + timedelta(days=3))
    _days(3)
    fresh = checkout.renew_quote(customer, quote, shop.METHOD, edge.now())
    assert (quote.terms["wakes_on"] is None, fresh.terms["wakes_on"]) == (False, None)
    assert checkout.start_payment(customer, fresh, shop.METHOD, edge.now()) is None
    assert running.subscription_of(customer).mode == "hibernating"
