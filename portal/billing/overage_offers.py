"""What the way out of a grace costs: the smallest tier that holds all products, today and on the day of its end."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

from portal.billing import overage, periods, quote_change, quotes
from portal.billing.errors import NotRunning, PayFirst
from portal.billing.holdings import Current
from portal.billing.models import Subscription
from portal.billing.periods import Period
from portal.billing.pricing import terms_of
from portal.billing.proration import Holding, difference, net, period_total
from portal.catalogue.price_book import Tier
from portal.invoicing import carried_account
from portal.invoicing.models import Customer
from portal.kit.money import Money


@dataclass(frozen=True, slots=True)
class Offer:
    """Moving to ``tier_code``, tax included, for what is left of the period: today, and on the last day.

    ``carried`` is paid along unless credit pays all (product.md, *Tiny amounts*).
    """

    tier_code: str
    today: Money
    at_end: Money
    carried: Money

    @property
    def most(self) -> Money:
        """What the last day may be charged in all."""
        return self.at_end + self.carried


def offer(
    subscription: Subscription, customer: Customer, tiers: Sequence[Tier], count: int, ends_at: datetime, now: datetime
) -> Offer | None:
    """Return what moving to the smallest tier that fits costs; None where none does, or nothing can be changed now.

    :param tiers: those of the subscription's price version, smallest first.
    :param ends_at: of the grace; what is past counts as today.
    """
    tier = overage.smallest_that_fits(tiers, count)
    if tier is None or tier.code == subscription.tier_code or subscription.mode != "awake":
        return None
    try:
        running = quote_change.get_running(subscription, customer, now)
    except (NotRunning, PayFirst):
        return None
    carried = carried_account.of(customer.id, customer.currency)
    return priced(subscription, customer, tier, running, carried, ends_at, now)


def priced(
    subscription: Subscription,
    customer: Customer,
    tier: Tier,
    running: Current,
    carried: Money,
    ends_at: datetime,
    now: datetime,
) -> Offer:
    """Return what moving to a tier costs in the ``running`` period, or in a later one where the grace ends then."""
    today = quote_change.day_of(running, customer, now)
    wanted = terms_of(subscription.mode, tier.code, subscription.extra_branches)
    change = quote_change.to_hold(wanted, subscription, running, today, now)
    ends_on = max(today, _day_of(running, customer, ends_at))
    period = _period_of(ends_on, subscription, running, ZoneInfo(customer.time_zone))
    at_end = cost(running, change, ends_on, period)
    return Offer(tier.code, cost(running, change, today, running.period), at_end, carried)


def _day_of(running: Current, customer: Customer, at: datetime) -> date:
    """Return the day it is at an instant of the running period, or of a later one."""
    is_later = at >= running.period.ends_at
    return quotes.local_day(customer.time_zone, at) if is_later else quote_change.day_of(running, customer, at)


def cost(running: Current, change: Sequence[Holding], on: date, period: Period) -> Money:
    """Return what a change costs on a day of the running ``period``, or of a later one that begins as things stand."""
    held, invoiced = running.held, running.invoiced
    if period != running.period:
        held = net(running.held, period.starts_on)
        invoiced = period_total(held, period, invoiced.currency)
    due, _ = difference(held, [replace(one, from_on=on) for one in change], invoiced, period)
    return due


def _period_of(on: date, subscription: Subscription, running: Current, zone: ZoneInfo) -> Period:
    period = running.period
    while on >= period.ends_on and subscription.anchor_on is not None:
        period = periods.period(subscription.anchor_on, period.number + 1, zone)
    return period
