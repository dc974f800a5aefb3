"""How a business stands with its product limit, for its pages: the grace there is, and what the way out of it costs."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select

from portal.billing import overage
from portal.billing.graces import clock_of
from portal.billing.models import ProductGrace, Subscription
from portal.billing.overage_offers import Offer, offer
from portal.billing.quote_change import kept_version
from portal.catalogue import price_book
from portal.catalogue.errors import UnknownOffer
from portal.currency.errors import RatesStale
from portal.directory.models import Business
from portal.invoicing.models import Customer
from portal.kit.db import db

_OPEN = (
    select(ProductGrace, Subscription, Customer)
    .join(Subscription, Subscription.id == ProductGrace.subscription_id)
    .join(Customer, Customer.id == Subscription.customer_id)
    .where(Customer.business_id == bindparam("business_id"), ProductGrace.status != "ended")
)
_KEPT = (
    select(Subscription.price_version_id)
    .join(Customer, Customer.id == Subscription.customer_id)
    .where(Customer.business_id == bindparam("business_id"), Subscription.status != "cancelled")
)


@dataclass(frozen=True, slots=True)
class Overage:
    """An open grace: ``is_over`` as the counter says now, ``stops_at`` where it is under the limit; ``offer`` is None
    where no tier fits or nothing can be changed now, and ``is_paid_for`` whether it could be taken up at once."""

    is_hidden: bool
    is_over: bool
    is_resting: bool
    is_paid_for: bool
    can_grow: bool
    ends_at: datetime
    stops_at: datetime | None
    count: int
    limit: int | None
    offer: Offer | None


def find_overage(business: Business, now: datetime) -> Overage | None:
    """Return how a business stands with its limit; None while no grace is open."""
    found = db.execute(_OPEN, {"business_id": business.id}).one_or_none()
    if found is None:
        return None
    grace, subscription, customer = found
    tiers = price_book.list_tiers(kept_version(subscription, now), now)
    limit = next(tier.product_limit for tier in tiers if tier.code == subscription.tier_code)
    count = business.product_count
    try:
        out = offer(subscription, customer, tiers, count, grace.ends_at, now)
    except RatesStale:
        out = None
    return Overage(
        is_hidden=grace.status == "hidden",
        is_over=limit is not None and count > limit,
        is_resting=grace.resting_since is not None,
        is_paid_for=subscription.status == "active",
        can_grow=subscription.can_grow,
        ends_at=grace.ends_at,
        stops_at=overage.stops_at(clock_of(grace)),
        count=count,
        limit=limit,
        offer=out,
    )


def limit_of(business_id: UUID, tier_code: str, now: datetime) -> int | None:
    """Return how many products a tier holds under the prices that a business keeps.

    :raises UnknownOffer: there is no such tier, or no plan runs.
    """
    version = db.scalars(_KEPT, {"business_id": business_id}).one_or_none()
    if version is None:
        raise UnknownOffer
    return price_book.get_tier(version, tier_code, now).product_limit
