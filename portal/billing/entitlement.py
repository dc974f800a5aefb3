"""What an agreement entitles a business to, written down into the directory; it is the only writer of that row."""

from datetime import datetime
from uuid import UUID

from portal.billing.models import Subscription
from portal.billing.states import LISTED
from portal.catalogue import price_book
from portal.directory import visibility


def refresh(subscription: Subscription, business_id: UUID, now: datetime) -> None:
    """Bring the directory in line: listed means awake and active or past due (product.md, *Hibernation*)."""
    is_listed = subscription.mode == "awake" and subscription.status in LISTED
    version = subscription.price_version_id or price_book.current_version(now)
    tier = price_book.get_tier(version, subscription.tier_code)
    visibility.set_entitlement(
        business_id, is_listed=is_listed, product_limit=tier.product_limit, tier_code=tier.code, now=now
    )
