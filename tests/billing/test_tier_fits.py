"""Seven days under a lower tier's limit: a suggestion, or where it is allowed a choice for the end of the period."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from portal.billing import at_period_end, product_limits, tier_fits
from portal.directory import products
from portal.insights import invariants
from portal.invoicing.models import Customer
from portal.kit import edge
from portal.kit.db import db as db_session
from portal.kit.outbox import DomainEvent
from tests.support import running, shop
from tests.support.counting import add, after, business_of, look, next_look


@pytest.fixture
def customer(db: None) -> Iterator[Customer]:
    """A customer who pays £3.00 for Pro from the first of a month of 30 days, with 5 products."""
    found = running.started("pro")
    add(found, 5)
    yield found
    assert invariants.violations() == []


def _told(customer: Customer) -> list[dict[str, Any]]:
    told = select(DomainEvent.facts).where(DomainEvent.name == tier_fits.SMALLER_TIER_FITS)
    return list(db_session.scalars(told))


def _allow(customer: Customer) -> None:
    product_limits.choose(business_of(customer).id, can_grow=True, can_shrink=True, now=edge.now())
    look(customer)


def _long_enough(customer: Customer) -> list[str]:
    return list(tier_fits.long_enough(business_of(customer).id, edge.now()))


def test_after_seven_days_it_is_suggested_once_and_nothing_changes_by_itself(customer: Customer) -> None:
    assert next_look(customer) == running.FIRST + timedelta(days=7)
    after(customer, days=6, hours=23)
    assert (_told(customer), _long_enough(customer)) == ([], [])
    for _ in range(2):
        after(customer, hours=1)
        [told] = _told(customer)
        assert (told["count"], told["tier"], told["amount"], told["held_amount"]) == (5, "starter", 100, 300)
    assert _long_enough(customer) == ["starter"]
    assert running.subscription_of(customer).turns_on is None
    at_period_end.choose_tier(customer, "starter", edge.now())
    assert _long_enough(customer) == []


def test_flapping_begins_the_week_anew(customer: Customer) -> None:
    for _ in range(3):
        after(customer, days=6)
        add(customer, 6)
        products.hide_newest(business_of(customer).id, 5, edge.now())
        look(customer)
    assert _told(customer) == []
    after(customer, days=7)
    assert len(_told(customer)) == 1


def test_where_it_is_allowed_it_is_chosen_for_the_end_of_the_period_alone(customer: Customer) -> None:
    _allow(customer)
    after(customer, days=7)
    subscription = running.subscription_of(customer)
    assert (subscription.tier_code, subscription.pending_tier_code, _told(customer)) == ("pro", "starter", [])
    at_period_end.take_back(customer, edge.now())
    after(customer, days=1)
    assert running.subscription_of(customer).pending_tier_code is None


def test_allowed_only_afterwards_it_is_chosen_too(customer: Customer) -> None:
    after(customer, days=8)
    assert len(_told(customer)) == 1
    _allow(customer)
    assert running.subscription_of(customer).pending_tier_code == "starter"


def test_what_was_chosen_so_is_taken_back_once_it_does_not_fit_any_more(customer: Customer) -> None:
    _allow(customer)
    after(customer, days=7)
    add(customer, 6)
    assert running.subscription_of(customer).pending_tier_code is None


def test_what_the_vendor_chose_is_left_alone(customer: Customer) -> None:
    at_period_end.choose_tier(customer, "enterprise", edge.now())
    _allow(customer)
    after(customer, days=8)
    assert running.subscription_of(customer).pending_tier_code == "enterprise"
    add(customer, 6)
    assert running.subscription_of(customer).pending_tier_code == "enterprise"


def test_what_the_vendor_chose_afterwards_is_left_alone_too(customer: Customer) -> None:
    _allow(customer)
    after(customer, days=7)
    at_period_end.take_back(customer, edge.now())
    at_period_end.choose_tier(customer, "starter", edge.now())
    add(customer, 6)
    assert running.subscription_of(customer).pending_tier_code == "starter"


def test_allowed_no_more_what_was_chosen_is_taken_back_and_suggested_instead(customer: Customer) -> None:
    _allow(customer)
    after(customer, days=7)
    product_limits.choose(business_of(customer).id, can_grow=True, can_shrink=False, now=edge.now())
    for _ in range(2):
        look(customer)
        assert (running.subscription_of(customer).pending_tier_code, len(_told(customer))) == (None, 1)
    at_period_end.choose_tier(customer, "starter", edge.now())
    look(customer)
    assert running.subscription_of(customer).pending_tier_code == "starter", "it was chosen by its one click"


def test_a_payment_under_way_is_waited_for(customer: Customer) -> None:
    _allow(customer)
    running.until(edge.now() + timedelta(days=6, hours=23, minutes=50))
    session = shop.open_session(customer, shop.make_quote(customer, "enterprise"))
    after(customer, minutes=10)
    assert running.subscription_of(customer).pending_tier_code is None
    assert next_look(customer) == edge.now() + timedelta(minutes=15)
    assert running.pay(session) == "paid"
    after(customer, minutes=15)
    assert running.subscription_of(customer).pending_tier_code == "starter"
