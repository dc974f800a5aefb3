"""The soft limit of products: whatever is counted is brought in line with the limit of the tier (product.md).

A grace begins, is told of, stops or ends here; at its end the tier grows where that can be paid without asking, else
the newest products are hidden. It never suspends anything.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from portal.billing import checkout, entitlement, graces, holdings, overage, quotes, subscriptions, tier_change, ways
from portal.billing.errors import PayFirst
from portal.billing.events import PRODUCT_LIMIT_PASSED
from portal.billing.models import ProductGrace, Subscription
from portal.billing.overage_offers import Offer, offer
from portal.billing.states import move_grace
from portal.catalogue import price_book
from portal.catalogue.price_book import Tier
from portal.currency.errors import RatesStale
from portal.directory.queries import count_shown
from portal.invoicing import customers
from portal.invoicing.models import Customer
from portal.kit import logging, outbox
from portal.kit.db import db
from portal.payments import sessions

_AGAIN = timedelta(minutes=15)
"""When an end is tried again that has to wait for something else to end."""
log = logging.logger()


@dataclass(frozen=True, slots=True)
class _Case:
    """A locked subscription that runs, and what its business shows."""

    business_id: UUID
    customer: Customer
    subscription: Subscription
    tiers: list[Tier]
    count: int

    @property
    def limit(self) -> int | None:
        return next(tier.product_limit for tier in self.tiers if tier.code == self.subscription.tier_code)

    @property
    def is_over(self) -> bool:
        return self.limit is not None and self.count > self.limit

    @property
    def is_resting(self) -> bool:
        return self.subscription.mode != "awake" or self.subscription.status == "suspended"


def reconcile(business_id: UUID, now: datetime) -> None:
    """Bring a business's grace in line with its products, and do what is due of it; asking twice changes nothing more.

    Whatever changes what is counted, the tier or how the subscription stands has this called afterwards.
    """
    case = _case(business_id)
    if case is None:
        return
    grace = _brought_in_line(case, now)
    if grace is None:
        return
    clock = graces.clock_of(grace)
    if grace.status == "running" and overage.is_at_end(clock, now):
        _end(case, grace, now)
    elif grace.warned_at is None and grace.status == "running" and overage.is_running_out(clock, now):
        _tell(case, grace, "soon", now, warned_at=now)
    look_at = overage.next_look(graces.clock_of(grace), grace.warned_at is not None, grace.status != "running")
    if look_at is not None:
        entitlement.look_at_products(business_id, look_at if look_at > now else now + _AGAIN)


def choose(business_id: UUID, *, can_grow: bool, now: datetime) -> None:
    """Choose whether the tier may grow when a grace ends; without a plan there is nothing to choose.

    :param now: not looked at; every function that changes something takes it.
    """
    case = _case(business_id)
    if case is not None:
        case.subscription.can_grow = can_grow
        db.flush()


def _case(business_id: UUID) -> _Case | None:
    customer = customers.find_of_business(business_id)
    subscription = subscriptions.lock_live(customer.id) if customer else None
    if customer is None or subscription is None or subscription.price_version_id is None:
        return None
    tiers = price_book.list_tiers(subscription.price_version_id)
    return _Case(business_id, customer, subscription, tiers, count_shown(business_id))


def _brought_in_line(case: _Case, now: datetime) -> ProductGrace | None:
    """Return the grace that is open once the products are counted, if one is."""
    grace = graces.find_open(case.subscription.id)
    if grace is not None and overage.is_stopped(graces.clock_of(grace), now):
        graces.end(grace, now)
        entitlement.write_down(case.subscription, case.business_id, now)
        grace = None
    if grace is not None:
        graces.note(grace, overage.seen(graces.clock_of(grace), case.is_over, case.is_resting, now))
    elif case.is_over and not case.is_resting:
        grace = graces.begin(case.subscription.id, now)
        _tell(case, grace, "started", now)
    return grace


def _end(case: _Case, grace: ProductGrace, now: datetime) -> None:
    """Let the tier grow or hide the newest products; wait where a payment or a period that is late decides first."""
    if sessions.live_of_subscription(case.subscription.id) is not None or _is_late(case, now):
        return
    try:
        has_grown = case.subscription.can_grow and _grow(case, grace, now)
    except RatesStale:
        return
    if not has_grown:
        _tell(case, grace, "hidden", now)
        move_grace(grace, "hidden")
        entitlement.write_down(case.subscription, case.business_id, now)
        log.info("newest_products_hidden", subscription=case.subscription.public_id, count=case.count)


def _is_late(case: _Case, now: datetime) -> bool:
    """Whether the subscription runs and its next period is not there yet."""
    return case.subscription.status == "active" and holdings.running(case.subscription.id, now) is None


def _grow(case: _Case, grace: ProductGrace, now: datetime) -> bool:
    """Move to the smallest tier that fits where credit pays all of it, never for more than was told.

    :raises RatesStale: a needed rate is older than seven days.
    """
    tier = overage.smallest_that_fits(case.tiers, case.count)
    if tier is None or grace.told_amount is None:
        return False
    try:
        seen = tier_change.preview(case.subscription, case.customer, tier.code, case.customer.currency, now)
    except PayFirst:
        return False
    if seen.due or seen.total_amount > grace.told_amount:
        return False
    quote = checkout.quote_tier(case.customer, tier.code, ways.WALLET, now)
    checkout.start_payment(case.customer, quote, ways.WALLET, now)
    return True


def _tell(case: _Case, grace: ProductGrace, step: str, now: datetime, **noted: datetime) -> None:
    """Record that a grace has come so far, with what its end may cost, which binds us from then on."""
    found = offer(case.subscription, case.customer, case.tiers, case.count, grace.ends_at, now)
    told = {"told_tier_code": found.tier_code, "told_amount": found.at_end.amount} if found else _NOTHING_TOLD
    move_grace(grace, grace.status, **told, **noted)
    facts = {
        "step": step,
        "business_id": str(case.business_id),
        "count": case.count,
        "limit": case.limit,
        "grows": case.subscription.can_grow,
        "ends_on": quotes.local_day(case.customer.time_zone, grace.ends_at).isoformat(),
        **_figures(found),
    }
    outbox.record(PRODUCT_LIMIT_PASSED, case.subscription.public_id, facts, now)


_NOTHING_TOLD = {"told_tier_code": None, "told_amount": None}


def _figures(found: Offer | None) -> dict[str, str | int | None]:
    if found is None:
        return {"tier": None, "today": None, "amount": None, "currency": None}
    today, at_end = found.today, found.at_end
    return {"tier": found.tier_code, "today": today.amount, "amount": at_end.amount, "currency": today.currency}
