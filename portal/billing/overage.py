"""More products than the tier holds: how long that may last and what stops it (product.md, *Product counts*). Pure.

A grace is only ever told what is counted; whether anything is charged or hidden at its end is not decided here.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from portal.catalogue.price_book import Tier

LENGTH = timedelta(days=7)
AHEAD = timedelta(days=3)
"""How long before its end a grace is told of once more."""
CALM = timedelta(hours=48)
"""Only so long under the limit, without a break, stops a grace."""
FITTING = timedelta(days=7)
"""How long a lower tier has to hold all products before it is suggested."""


@dataclass(frozen=True, slots=True)
class Grace:
    """How a grace stands; ``under_since`` is None while it is over the limit, ``resting_since`` unless it rests."""

    ends_at: datetime
    under_since: datetime | None = None
    resting_since: datetime | None = None


def begun(now: datetime) -> Grace:
    """Return the grace of a business that has gone over its limit."""
    return Grace(now + LENGTH)


def stops_at(grace: Grace) -> datetime | None:
    """Return when the grace stops should nothing be added; None while it is over the limit."""
    return grace.under_since + CALM if grace.under_since is not None else None


def is_stopped(grace: Grace, now: datetime) -> bool:
    """Whether it was under the limit for long enough; what rests does not count towards that."""
    until = stops_at(grace)
    return until is not None and until <= (grace.resting_since or now)


def seen(grace: Grace, is_over: bool, is_resting: bool, now: datetime) -> Grace:
    """Return a grace that is not stopped as it stands once the products have been counted.

    :param is_resting: the listing hibernates or is suspended: all instants move on by as long as that lasts.
    """
    if grace.resting_since is not None and not is_resting:
        grace = _woken(grace, now - grace.resting_since)
    elif grace.resting_since is None and is_resting:
        grace = replace(grace, resting_since=now)
    if is_over:
        return replace(grace, under_since=None)
    return grace if is_resting else replace(grace, under_since=grace.under_since or now)


def _woken(grace: Grace, rested: timedelta) -> Grace:
    under_since = grace.under_since + rested if grace.under_since is not None else None
    return Grace(grace.ends_at + rested, under_since)


def is_running_out(grace: Grace, now: datetime) -> bool:
    """Whether its end is near or there, and the business over its limit."""
    return grace.resting_since is None and grace.under_since is None and now >= grace.ends_at - AHEAD


def is_at_end(grace: Grace, now: datetime) -> bool:
    """Whether something has to be done about what is over the limit."""
    return is_running_out(grace, now) and now >= grace.ends_at


def next_look(grace: Grace, is_warned: bool, is_hidden: bool) -> datetime | None:
    """Return when a grace wants to be looked at though nothing is counted anew; None where it just waits."""
    if grace.resting_since is not None:
        return None
    if grace.under_since is not None:
        return stops_at(grace)
    if is_hidden:
        return None
    return grace.ends_at if is_warned else grace.ends_at - AHEAD


def smallest_that_fits(tiers: Sequence[Tier], count: int) -> Tier | None:
    """Return the smallest tier that holds ``count`` products; None where none does.

    :param tiers: smallest first.
    """
    return next((tier for tier in tiers if holds(tier, count)), None)


def holds(tier: Tier, count: int) -> bool:
    """Whether a tier holds so many products."""
    return tier.product_limit is None or count <= tier.product_limit


def fitting_since(
    earlier: Mapping[str, datetime], tiers: Sequence[Tier], current: str, count: int, now: datetime
) -> dict[str, datetime]:
    """Return each tier below the ``current`` one that holds all products, with the instant since when it does.

    None does while there are no products: whoever has entered nothing yet wants a tier for what is to come.

    :param earlier: what this returned when the products were counted last.
    """
    codes = [tier.code for tier in tiers]
    below = tiers[: codes.index(current)] if current in codes and count else []
    return {tier.code: earlier.get(tier.code, now) for tier in below if holds(tier, count)}


def suggested(fitting: Mapping[str, datetime], tiers: Sequence[Tier], now: datetime) -> str | None:
    """Return the smallest tier that has held all products for long enough, if one has."""
    long_enough = (tier.code for tier in tiers if tier.code in fitting and fitting[tier.code] + FITTING <= now)
    return next(long_enough, None)
