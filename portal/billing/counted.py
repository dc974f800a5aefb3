"""A subscription that runs beside what its business shows: what every judgement of the product limit starts from."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.billing import overage, subscriptions
from portal.billing.models import Subscription
from portal.catalogue import price_book
from portal.catalogue.price_book import Tier
from portal.directory.queries import count_shown
from portal.invoicing import customers
from portal.invoicing.models import Customer


@dataclass(frozen=True, slots=True)
class Counted:
    """A locked subscription, the tiers that it may have (smallest first), and the products not hidden by hand."""

    business_id: UUID
    customer: Customer
    subscription: Subscription
    tiers: list[Tier]
    count: int

    @property
    def tier(self) -> Tier:
        """The tier there is."""
        return next(tier for tier in self.tiers if tier.code == self.subscription.tier_code)

    @property
    def is_over(self) -> bool:
        """Whether there are more products than the tier holds."""
        return not overage.holds(self.tier, self.count)

    @property
    def is_resting(self) -> bool:
        """Whether the listing is not shown, so that nobody sees how many there are."""
        return self.subscription.mode != "awake" or self.subscription.status == "suspended"


def lock(business_id: UUID, now: datetime) -> Counted | None:
    """Lock a business's subscription and count its products; None where nothing runs."""
    customer = customers.find_of_business(business_id)
    subscription = subscriptions.lock_live(customer.id) if customer else None
    if customer is None or subscription is None or subscription.price_version_id is None:
        return None
    tiers = price_book.list_tiers(subscription.price_version_id, now)
    return Counted(business_id, customer, subscription, tiers, count_shown(business_id))
