"""While the bank's rates are too old, only what has to be converted waits: credit and cards go on."""

from collections.abc import Iterator
from datetime import timedelta

import pytest

from portal.billing import checkout, dunning, dunning_cases, hibernation, wake_days, ways
from portal.billing.models import Quote
from portal.currency.errors import RatesStale
from portal.insights import invariants
from portal.invoicing.models import Customer
from portal.kit import clock, edge
from portal.kit.money import Money
from portal.payments.queries import get_session
from tests.support import running, shop
from tests.support.everything import store_card


@pytest.fixture
def customer(db: None) -> Iterator[Customer]:
    """One who pays £3.00 for Pro, of which twenty days are left; no rate has come for ten."""
    found = running.started("pro")
    clock.advance(timedelta(days=10))
    yield found
    assert invariants.violations() == []


def tier(customer: Customer, code: str) -> Quote:
    return checkout.quote_tier(customer, code, shop.METHOD, edge.now())


def test_what_comes_back_needs_no_rate(customer: Customer) -> None:
    down = tier(customer, "starter")
    assert (down.total, down.due) == (Money(-133, "GBP"), Money(0, "GBP"))
    assert checkout.start_payment(customer, down, shop.METHOD, edge.now()) is None
    asleep = checkout.quote_hibernation(customer, None, shop.METHOD, edge.now())
    assert checkout.start_payment(customer, asleep, shop.METHOD, edge.now()) is None


def test_a_card_needs_no_rate_and_a_code_waits_for_one(customer: Customer) -> None:
    up = tier(customer, "enterprise")
    with pytest.raises(RatesStale):
        checkout.start_payment(customer, up, ways.WALLET, edge.now())
    store_card(customer)
    charge = checkout.start_payment(customer, up, ways.CARD, edge.now())
    assert charge is not None
    assert get_session(charge.public_id).asked == Money(133, "GBP")


def test_who_could_pay_by_wallet_alone_is_not_dunned(customer: Customer) -> None:
    running.until(running.FIRST + timedelta(days=30))
    [invoice] = [one for one in running.invoices_of(customer) if one.status == "open"]
    clock.advance(timedelta(days=10))
    dunning.collect(invoice.id, edge.now())
    assert dunning_cases.find_locked(invoice.id) is None, "it waits for a rate"
    running.until(edge.now())
    dunning.collect(invoice.id, edge.now())
    case = dunning_cases.find_locked(invoice.id)
    assert case is not None
    clock.advance(timedelta(days=20))
    for _ in range(5):
        clock.advance(max(case.next_at - edge.now(), timedelta()))
        dunning.take_step(invoice.id, edge.now())
    assert (case.step, running.subscription_of(customer).status) == (0, "past_due")
    store_card(customer)
    case.is_charged = True
    clock.advance(case.next_at - edge.now())
    dunning.take_step(invoice.id, edge.now())
    assert case.is_awaited, "a card needs none"
    running.until(edge.now())


def test_a_listing_wakes_on_its_day(customer: Customer) -> None:
    store_card(customer)
    today = edge.now().date()
    asleep = checkout.quote_hibernation(customer, today + timedelta(days=1), shop.METHOD, edge.now())
    checkout.start_payment(customer, asleep, shop.METHOD, edge.now())
    clock.advance(hibernation.AHEAD)
    wake_days.wake(running.subscription_of(customer).id, today + timedelta(days=1), edge.now())
    assert running.subscription_of(customer).mode == "awake"
