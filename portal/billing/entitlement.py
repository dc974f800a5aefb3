"""What an agreement entitles a business to, written down into the directory; it is the only writer of that row."""

from datetime import datetime
from uuid import UUID

from portal.billing import graces
from portal.billing.events import RECONCILE_PRODUCT_LIMITS
from portal.billing.models import Subscription
from portal.billing.states import is_listed
from portal.catalogue import price_book
from portal.directory import visibility
from portal.kit import jobs


def refresh(subscription: Subscription, business_id: UUID, now: datetime) -> None:
    """Bring the directory in line, and have the products be counted beside what the tier holds now."""
    write_down(subscription, business_id, now)
    look_at_products(business_id, now)


def write_down(subscription: Subscription, business_id: UUID, now: datetime) -> None:
    """Bring the directory in line."""
    version = subscription.price_version_id or price_book.current_version(now)
    tier = price_book.get_tier(version, subscription.tier_code, now)
    grace = graces.find_open(subscription.id)
    if grace is not None and subscription.status == "cancelled":
        graces.end(grace, now)
    is_hiding = grace is not None and grace.status == "hidden"
    visibility.set_entitlement(
        business_id,
        is_listed=is_listed(subscription.mode, subscription.status),
        product_limit=tier.product_limit,
        overage_policy=visibility.HIDE if is_hiding else visibility.GRACE,
        tier_code=tier.code,
        now=now,
    )


def look_at_products(business_id: UUID, due_at: datetime) -> None:
    """Have a business's products be counted beside its limit at ``due_at``; the earliest such wish stands."""
    key = f"{RECONCILE_PRODUCT_LIMITS}:{business_id}"
    queue = jobs.Queue.DEFAULT
    jobs.stage(RECONCILE_PRODUCT_LIMITS, queue=queue, due_at=due_at, key=key, business_id=str(business_id))
