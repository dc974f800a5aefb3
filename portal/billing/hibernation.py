"""Hibernation: kept and not shown, for a fee in place of tier and branches, and waking (product.md, *Hibernation*).

Both ways are changes by the days that are left. Meanwhile tier and branches are only what wakes, and edited free.
"""

from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.billing import changes, entitlement, quote_change, quotes, subscriptions
from portal.billing.errors import Hibernating, NotHibernating, NoWakeDay
from portal.billing.holdings import Current
from portal.billing.models import Quote, Subscription
from portal.billing.periods import midnight
from portal.billing.pricing import terms_of
from portal.billing.queries import Deal
from portal.billing.quote_change import Change
from portal.billing.states import move
from portal.catalogue import price_book
from portal.directory import branches
from portal.invoicing.models import Customer
from portal.kit import jobs

HIBERNATED = "billing.hibernated"
WOKEN = "billing.woken"
WAKE = "billing.wake"
ANNOUNCE = "billing.announce_waking"
AHEAD = timedelta(days=3)
FURTHEST = timedelta(days=731)
_AFTER_MIDNIGHT = timedelta(minutes=5)
"""What renews a period at a midnight has done so by then; the law of proration gives its fee back for the days left."""


def check_wake_day(day: date, time_zone: str, now: datetime) -> None:
    """Make sure that a listing may be woken on ``day``.

    :raises NoWakeDay: it is not one of the days to come, or too far ahead.
    """
    today = quotes.local_day(time_zone, now)
    if not today < day <= today + FURTHEST:
        raise NoWakeDay


def preview(
    subscription: Subscription, customer: Customer, wakes_on: date | None, settles_in: str, now: datetime
) -> Quote:
    """Return the quote of hibernating from today on, not stored yet; most often something comes back.

    :param wakes_on: the day on which to wake again, if one is chosen already; one that has come by now is none.
    :raises NotRunning, Hibernating, PayFirst, RatesStale: see what they say.
    """
    running = quote_change.get_running(subscription, customer, now)
    if subscription.mode == "hibernating":
        raise Hibernating
    on = quote_change.day_of(running, customer, now)
    wanted = terms_of("hibernating", subscription.tier_code, subscription.extra_branches)
    moves = {"mode": "hibernating", "wakes_on": wakes_on.isoformat() if wakes_on and wakes_on > on else None}
    change = Change(quotes.HIBERNATION, moves, quote_change.to_hold(wanted, subscription, running, on, now))
    return quote_change.preview(change, subscription, running, customer, settles_in, now)


def preview_waking(subscription: Subscription, customer: Customer, settles_in: str, now: datetime) -> Quote:
    """Return the quote of waking today with the tier and the branches there are by now, not stored yet.

    :raises NotRunning, NotHibernating, PayFirst, RatesStale: see what they say.
    """
    running = quote_change.get_running(subscription, customer, now)
    if subscription.mode != "hibernating":
        raise NotHibernating
    change = waking(subscription, customer, running, quote_change.day_of(running, customer, now), now)
    return quote_change.preview(change, subscription, running, customer, settles_in, now)


def waking(subscription: Subscription, customer: Customer, running: Current, on: date, now: datetime) -> Change:
    """Return what waking on a day of the period is, before it is priced.

    :raises UnknownOffer, RatesStale: a price or a needed rate is not there.
    """
    extra = [str(branch) for branch in branches.list_extra(customer.business_id)] if customer.business_id else []
    wanted = terms_of("awake", subscription.tier_code, len(extra))
    moves = {"mode": "awake", "extra_branches": len(extra)}
    return Change(quotes.WAKING, moves, quote_change.to_hold(wanted, subscription, running, on, now), extra)


def carry_out(subscription: Subscription, deal: Deal, invoice_id: UUID | None, now: datetime) -> tuple[date, date]:
    """Hide a locked subscription's business at once, as its quote says; see ``changes.carry_out``."""
    if deal.buyer is not None:
        branches.remove_leaving(deal.buyer.id, now)
    day = deal.terms["wakes_on"]
    wakes_on = date.fromisoformat(day) if day else None
    span = changes.carry_out(subscription, deal, invoice_id, now, HIBERNATED, wakes_on=wakes_on)
    stage_waking(subscription, deal.time_zone, now)
    return span


def wake(subscription: Subscription, deal: Deal, invoice_id: UUID | None, now: datetime) -> tuple[date, date]:
    """Show a locked subscription's business again, with the branches that its quote charges."""
    branches.show([UUID(branch_id) for branch_id in deal.terms["branches"]], now)
    return changes.carry_out(subscription, deal, invoice_id, now, WOKEN, wakes_on=None)


def plan_waking(customer: Customer, wakes_on: date | None, now: datetime) -> None:
    """Choose the day on which to wake, or none.

    :raises NotHibernating: there is nothing to wake.
    :raises NoWakeDay: it cannot be that day.
    """
    subscription = _lock_hibernating(customer)
    if wakes_on is not None:
        check_wake_day(wakes_on, customer.time_zone, now)
    move(subscription, subscription.status, wakes_on=wakes_on)
    stage_waking(subscription, customer.time_zone, now)


def wake_as(customer: Customer, tier_code: str, now: datetime) -> None:
    """Choose the tier that wakes, free of charge.

    :raises NotHibernating: it is awake, and its tier is changed for money.
    :raises ChangeInProgress: waking is being paid.
    :raises UnknownOffer: the tier is not sold.
    """
    subscription = _lock_hibernating(customer)
    subscriptions.refuse_while_paying(subscription)
    price_book.get_tier(quote_change.kept_version(subscription, now), tier_code, now)
    moved = subscriptions.moves_to(subscription, tier_code)
    move(subscription, subscription.status, **moved, version=subscription.version + 1)
    if customer.business_id:
        entitlement.refresh(subscription, customer.business_id, now)


def stage_waking(subscription: Subscription, time_zone: str, now: datetime) -> None:
    """Stage what is to happen for the chosen day; a job for another day does nothing when its time comes."""
    day = subscription.wakes_on
    if day is None:
        return
    at = wakes_at(day, time_zone)
    stage(ANNOUNCE, subscription, day, max(now, at - AHEAD))
    stage(WAKE, subscription, day, at)


def stage(name: str, subscription: Subscription, wakes_on: date, due_at: datetime) -> None:
    """Stage one of the jobs for a day on which to wake."""
    whose, given = f"{subscription.id}:{wakes_on}", {"subscription_id": str(subscription.id), "wakes_on": str(wakes_on)}
    jobs.stage(name, queue=jobs.Queue.DEFAULT, due_at=due_at, key=f"{name}:{whose}", **given)


def wakes_at(day: date, time_zone: str) -> datetime:
    """Return when a listing wakes that is to wake on ``day`` where its customer lives."""
    return midnight(day, ZoneInfo(time_zone)) + _AFTER_MIDNIGHT


def _lock_hibernating(customer: Customer) -> Subscription:
    subscription = subscriptions.lock_live(customer.id)
    if subscription is None or subscription.mode != "hibernating":
        raise NotHibernating
    return subscription
