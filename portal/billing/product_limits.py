"""The soft limit of products: whatever is counted is brought in line with the limit of the tier (product.md).

A grace begins, is told of, stops or ends here; at its end the tier grows where credit or the stored card pays for it,
else the newest products are hidden. It never suspends anything.
"""

from datetime import datetime, timedelta
from uuid import UUID

from portal.billing import (
    checkout,
    entitlement,
    graces,
    holdings,
    overage,
    quotes,
    tier_change,
    tier_fits,
    unattended,
    ways,
)
from portal.billing.counted import Counted, lock
from portal.billing.errors import NotRunning, PayFirst
from portal.billing.events import PRODUCT_LIMIT_PASSED
from portal.billing.models import ProductGrace
from portal.billing.overage_offers import Offer, offer
from portal.billing.states import move_grace
from portal.currency.errors import RatesStale
from portal.kit import logging, outbox
from portal.kit.db import db
from portal.payments import sessions

_AGAIN = timedelta(minutes=15)
"""When an end is tried again that has to wait for something else to end."""
log = logging.logger()


def reconcile(business_id: UUID, now: datetime) -> None:
    """Bring a business's grace, and which lower tiers would do, in line with its products, and do what is due of that.

    Asking twice changes nothing more. Whatever changes what is counted, the tier or how the subscription stands has
    this called afterwards.
    """
    counted = lock(business_id, now)
    if counted is None:
        return
    looks = [_look_at_grace(counted, now), tier_fits.look(counted, now)]
    following = min((look for look in looks if look is not None), default=None)
    if following is not None:
        entitlement.look_at_products(business_id, following)


def _look_at_grace(counted: Counted, now: datetime) -> datetime | None:
    """Do what is due of the grace there is, and return when to look at it again."""
    grace = _brought_in_line(counted, now)
    if grace is None:
        return None
    clock = graces.clock_of(grace)
    if grace.status == "running" and overage.is_at_end(clock, now):
        _end(counted, grace, now)
    elif grace.warned_at is None and grace.status == "running" and overage.is_running_out(clock, now):
        _tell(counted, grace, "soon", now, warned_at=now)
    look_at = overage.next_look(graces.clock_of(grace), grace.warned_at is not None, grace.status != "running")
    return now + _AGAIN if look_at is not None and look_at <= now else look_at


def choose(business_id: UUID, *, can_grow: bool, can_shrink: bool, now: datetime) -> None:
    """Choose what the tier may become by itself: larger when a grace ends, smaller when a period does.

    Without a plan there is nothing to choose.
    """
    counted = lock(business_id, now)
    if counted is not None:
        counted.subscription.can_grow, counted.subscription.can_shrink = can_grow, can_shrink
        db.flush()
        entitlement.look_at_products(business_id, now)


def _brought_in_line(counted: Counted, now: datetime) -> ProductGrace | None:
    """Return the grace that is open once the products are counted, if one is."""
    grace = graces.find_open(counted.subscription.id)
    if grace is not None and overage.is_stopped(graces.clock_of(grace), now):
        graces.end(grace, now)
        entitlement.write_down(counted.subscription, counted.business_id, now)
        grace = None
    if grace is not None:
        graces.note(grace, overage.seen(graces.clock_of(grace), counted.is_over, counted.is_resting, now))
    elif counted.is_over and not counted.is_resting:
        grace = graces.begin(counted.subscription.id, now)
        _tell(counted, grace, "started", now)
    return grace


def _end(counted: Counted, grace: ProductGrace, now: datetime) -> None:
    """Let the tier grow or hide the newest products; wait where a payment or a period that is late decides first."""
    if sessions.live_of_subscription(counted.subscription.id) is not None or _is_late(counted, now):
        return
    try:
        has_grown = counted.subscription.can_grow and _grow(counted, grace, now)
    except (NotRunning, RatesStale):
        return
    if not has_grown:
        _tell(counted, grace, "hidden", now)
        move_grace(grace, "hidden")
        entitlement.write_down(counted.subscription, counted.business_id, now)
        log.info("newest_products_hidden", subscription=counted.subscription.public_id, count=counted.count)


def _is_late(counted: Counted, now: datetime) -> bool:
    """Whether the subscription runs and its next period is not there yet."""
    return counted.subscription.status == "active" and holdings.running(counted.subscription.id, now) is None


def _grow(counted: Counted, grace: ProductGrace, now: datetime) -> bool:
    """Move to the smallest tier that fits where credit pays all of it, or have the stored card be charged, once; never
    for more than was told.

    :raises NotRunning: what was chosen for the end of the period before is not done yet.
    :raises RatesStale: a needed rate is older than seven days.
    """
    tier = overage.smallest_that_fits(counted.tiers, counted.count)
    if tier is None or grace.told_amount is None:
        return False
    try:
        seen = tier_change.preview(counted.subscription, counted.customer, tier.code, counted.customer.currency, now)
    except PayFirst:
        return False
    is_more_than_told = (seen.total + seen.arrears).amount > grace.told_amount
    was_charged = grace.charged_at is not None
    can_be_paid = not seen.due or (not was_charged and ways.find_card(counted.customer.id) is not None)
    if is_more_than_told or not can_be_paid:
        return False
    quote = checkout.quote_tier(counted.customer, tier.code, ways.WALLET, now)
    if unattended.pay(counted.customer, quote, now) == "charging":
        move_grace(grace, grace.status, charged_at=now)
    return True


def _tell(counted: Counted, grace: ProductGrace, step: str, now: datetime, **noted: datetime) -> None:
    """Record that a grace has come so far, with what its end may cost, which binds us from then on."""
    found = offer(counted.subscription, counted.customer, counted.tiers, counted.count, grace.ends_at, now)
    told = {"told_tier_code": found.tier_code, "told_amount": found.most.amount} if found else _NOTHING_TOLD
    move_grace(grace, grace.status, **told, **noted)
    facts = {
        "step": step,
        "business_id": str(counted.business_id),
        "count": counted.count,
        "limit": counted.tier.product_limit,
        "grows": counted.subscription.can_grow,
        "ends_on": quotes.local_day(counted.customer.time_zone, grace.ends_at).isoformat(),
        **_figures(found),
    }
    outbox.record(PRODUCT_LIMIT_PASSED, counted.subscription.public_id, facts, now)


_NOTHING_TOLD = {"told_tier_code": None, "told_amount": None}


def _figures(found: Offer | None) -> dict[str, str | int | None]:
    if found is None:
        return {"tier": None, "today": None, "amount": None, "carried": 0, "currency": None}
    return {
        "tier": found.tier_code,
        "today": found.today.amount,
        "amount": found.at_end.amount,
        "carried": found.carried.amount,
        "currency": found.today.currency,
    }
