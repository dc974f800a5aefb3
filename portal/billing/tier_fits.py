"""Lower tiers that hold all products: since when, and what comes of it after a week (product.md, *Product counts*).

One is suggested, or, where the vendor allows it, chosen for the end of the period; nothing is changed at once.
"""

from collections.abc import Collection, Container, Iterable
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import bindparam, select

from portal.billing import at_period_end, holdings, overage, quote_change, quotes
from portal.billing.counted import Counted
from portal.billing.models import Subscription, TierFit
from portal.invoicing.models import Customer
from portal.kit import outbox
from portal.kit.db import FRESH, db
from portal.payments import sessions

SMALLER_TIER_FITS = "billing.smaller_tier_fits"
_AGAIN = timedelta(minutes=15)
"""When a choice is tried again that has to wait for a payment or a period."""
_OF_SUBSCRIPTION = select(TierFit).where(TierFit.subscription_id == bindparam("subscription_id"))
_LONG_ENOUGH = (
    select(TierFit.tier_code)
    .join(Subscription, Subscription.id == TierFit.subscription_id)
    .join(Customer, Customer.id == Subscription.customer_id)
    .where(Customer.business_id == bindparam("business_id"), TierFit.since <= bindparam("until"))
    .where(Subscription.status == "active", Subscription.mode == "awake", Subscription.turns_on.is_(None))
)


def long_enough(business_id: UUID, now: datetime) -> Collection[str]:
    """Return the codes of the lower tiers that have held all products for a week, while none is chosen yet."""
    return db.scalars(_LONG_ENOUGH, {"business_id": business_id, "until": now - overage.FITTING}).all()


def look(counted: Counted, now: datetime) -> datetime | None:
    """Note which lower tiers hold everything, and suggest or choose the one that has done so for long enough.

    :return: when to look again though nothing is counted anew; None where there is nothing to wait for.
    """
    whose = {"subscription_id": counted.subscription.id}
    rows = {row.tier_code: row for row in db.scalars(_OF_SUBSCRIPTION, whose, execution_options=FRESH)}
    earlier = {code: row.since for code, row in rows.items()}
    fitting = overage.fitting_since(earlier, counted.tiers, counted.subscription.tier_code, counted.count, now)
    if not _take_back(counted, rows.values(), fitting, now):
        return now + _AGAIN
    for code in fitting.keys() - rows.keys():
        rows[code] = TierFit(subscription_id=counted.subscription.id, tier_code=code, since=now)
        db.add(rows[code])
    found = overage.suggested(fitting, counted.tiers, now)
    is_done = found is None or _is_settled(counted, rows[found]) or _offer(counted, rows[found], now)
    db.flush()
    waits = [since + overage.FITTING for since in fitting.values() if since + overage.FITTING > now]
    return min(waits, default=None) if is_done else now + _AGAIN


def _is_settled(counted: Counted, fit: TierFit) -> bool:
    """Whether a tier was chosen once, where that is allowed, or suggested once where it is not."""
    return fit.is_chosen if counted.subscription.can_shrink else fit.told_at is not None


def _take_back(counted: Counted, rows: Iterable[TierFit], fitting: Container[str], now: datetime) -> bool:
    """Forget tiers that hold everything no longer; one that was chosen without asking is taken back, as it is where
    that is not allowed any more, unless that has to wait."""
    subscription, gone = counted.subscription, [row for row in rows if row.tier_code not in fitting]
    if any(_stands_unasked(subscription, row) for row in (gone if subscription.can_shrink else rows)):
        if not _is_free(counted, now):
            return False
        at_period_end.take_back(counted.customer, now)
    for row in gone:
        db.delete(row)
    return True


def _stands_unasked(subscription: Subscription, fit: TierFit) -> bool:
    """Whether a tier is pending that the vendor was not asked for and has not decided about since."""
    return fit.is_chosen and fit.told_at is not None and fit.tier_code == subscription.pending_tier_code


def _offer(counted: Counted, fit: TierFit, now: datetime) -> bool:
    """Suggest a tier, or choose it where that is allowed; say whether nothing has to be waited for."""
    subscription = counted.subscription
    if subscription.status != "active" or subscription.mode != "awake" or subscription.turns_on is not None:
        return True
    if subscription.can_shrink:
        if not _is_free(counted, now):
            return False
        at_period_end.choose_tier(counted.customer, fit.tier_code, now)
    else:
        _suggest(counted, fit.tier_code, now)
    fit.is_chosen, fit.told_at = subscription.can_shrink, now
    return True


def _is_free(counted: Counted, now: datetime) -> bool:
    """Whether what happens at the period's end can be chosen now."""
    subscription, today = counted.subscription, quotes.local_day(counted.customer.time_zone, now)
    is_running = holdings.running(subscription.id, now) is not None and not quote_change.is_to_turn(subscription, today)
    return is_running and sessions.live_of_subscription(subscription.id) is None


def _suggest(counted: Counted, code: str, now: datetime) -> None:
    smaller, held = next(tier for tier in counted.tiers if tier.code == code), counted.tier
    facts = {
        "business_id": str(counted.business_id),
        "count": counted.count,
        "tier": code,
        "amount": smaller.amount,
        "held_tier": held.code,
        "held_amount": held.amount,
        "currency": held.currency,
    }
    outbox.record(SMALLER_TIER_FITS, counted.subscription.public_id, facts, now)
