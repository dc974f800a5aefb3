"""What an older version of the price book lacks takes today's price: tiers to change to, branches, hibernation."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from portal.billing import at_period_end, branch_batches, checkout, product_limits, renewals
from portal.directory import visibility
from portal.insights import invariants
from portal.invoicing.models import Customer
from portal.kit import edge
from tests.support import running, shop
from tests.support.prices import OLD, add_version


@pytest.fixture
def customer(db: None) -> Iterator[Customer]:
    """A customer who pays £3.00 for Pro under a version without branches, which by now has a successor with more."""
    running.until(running.FIRST)
    add_version(2, OLD, edge.now())
    yield _with_newer(running.started("pro"))
    assert invariants.violations() == []


def _with_newer(customer: Customer) -> Customer:
    running.until(running.FIRST + timedelta(hours=1))
    further = {"plus": (200, 50), "branch": (100, None), "hibernation": (50, None)}
    add_version(3, {**OLD, "pro": (400, 100), **further}, edge.now())
    return customer


def test_a_tier_of_today_is_moved_to_at_todays_price_and_renewed_at_it(customer: Customer) -> None:
    quote = checkout.quote_tier(customer, "plus", shop.METHOD, edge.now())
    assert (quote.terms["next_amount"], quote.total_amount) == (200, -100)
    assert checkout.start_payment(customer, quote, shop.METHOD, edge.now()) is None
    business = running.business_of(customer)
    entitled = visibility.find_entitlement(business.id)
    assert entitled is not None
    assert (entitled.tier_code, entitled.product_limit) == ("plus", 50)
    product_limits.reconcile(business.id, edge.now())
    running.until(datetime(2027, 4, 30, 23, tzinfo=UTC))
    assert [one.total_amount for one in running.invoices_of(customer) if one.kind == renewals.KIND] == [200]


def test_it_is_chosen_for_the_end_of_the_period_too_and_a_kept_tier_keeps_its_price(customer: Customer) -> None:
    at_period_end.choose_tier(customer, "plus", edge.now())
    at_period_end.take_back(customer, edge.now())
    business = running.business_of(customer)
    branch_batches.add(customer, business.id, edge.now(), may_spend=True, **shop.place("Harbour"))
    quote = checkout.quote_batch(customer, shop.METHOD, edge.now())
    assert quote.terms["next_amount"] == 400
