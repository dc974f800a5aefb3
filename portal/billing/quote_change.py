"""The quote of whatever changes in the running period, by the days that are left (product.md, *Proration*, *Changes*).

Each kind of change has a file of its own, which says what is taken up and given up and what of the subscription moves.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from portal.billing import holdings, quotes
from portal.billing.errors import BetweenPeriods, NoPlan, PayFirst
from portal.billing.holdings import Current
from portal.billing.models import Quote, Subscription
from portal.billing.pricing import day_lines, unit_price
from portal.billing.proration import Holding, difference, step
from portal.billing.states import LISTED
from portal.catalogue import price_book
from portal.currency import rates
from portal.invoicing.models import Customer
from portal.kit.money import Money, total


@dataclass(frozen=True, slots=True)
class Change:
    """A change before it is priced.

    ``moves`` says what of the subscription it moves, by the names of ``changes.MOVED``; ``branches`` are the keys of
    those that it charges; ``notes`` are further figures for the derivation of each line, where there are any.
    """

    kind: str
    moves: Mapping[str, Any]
    holdings: Sequence[Holding]
    branches: Sequence[str] = ()
    notes: Sequence[Mapping[str, Any]] = ()


def get_running(subscription: Subscription, customer: Customer, now: datetime) -> Current:
    """Return the period in which a subscription can be changed.

    :raises NotRunning: it has no such period now; its kinds say why.
    :raises PayFirst: it is suspended for what it owes.
    """
    if subscription.status == "suspended":
        raise PayFirst
    running = holdings.current(subscription, customer.currency, now)
    if subscription.status not in LISTED:
        raise NoPlan
    if running is None or is_to_turn(subscription, running.period.starts_on):
        raise BetweenPeriods
    return running


def day_of(running: Current, customer: Customer, now: datetime) -> date:
    """Return the day from which a change of a running period counts: the one it is where its customer lives by now.

    A period that was cut at the midnights of another zone keeps its days (product.md, *Periods*).
    """
    return running.period.nearest(quotes.local_day(customer.time_zone, now))


def is_to_turn(subscription: Subscription, day: date) -> bool:
    """Whether what was chosen for a period's end, which has come by ``day``, is not done yet."""
    return subscription.turns_on is not None and subscription.turns_on <= day


def kept_version(subscription: Subscription, now: datetime) -> UUID:
    """Return the version of the price book under which a subscription was bought; before that, the one in force."""
    return subscription.price_version_id or price_book.current_version(now)


def to_hold(
    wanted: Sequence[tuple[str, int]], subscription: Subscription, running: Current, on: date, now: datetime
) -> list[Holding]:
    """Return what has to be taken up and given up from a day on, so that ``wanted`` is held (``pricing.terms_of``).

    :raises UnknownOffer, RatesStale: a price or the rate of the period is not there.
    """
    units = units_of(wanted, subscription, running.invoiced.currency, running.rate_on, now)
    return step(running.held, wanted, units, on)


def units_of(
    wanted: Sequence[tuple[str, int]], subscription: Subscription, currency: str, rate_on: date | None, now: datetime
) -> dict[str, Money]:
    """Return what one of each wanted code costs a subscription for a whole period.

    :param rate_on: the day of the rate of the period; None where nothing was converted for it yet.
    :raises UnknownOffer, RatesStale: a price or a needed rate is not there.
    """
    prices = price_book.get_prices(kept_version(subscription, now), [code for code, _ in wanted], now)
    return {code: _unit(price, currency, rate_on, now) for code, price in prices.items()}


def month_price(wanted: Sequence[tuple[str, int]], subscription: Subscription, currency: str, now: datetime) -> Money:
    """Return what a whole period of ``wanted`` costs a subscription, as of today.

    :raises UnknownOffer, RatesStale: a price or a needed rate is not there.
    """
    units = units_of(wanted, subscription, currency, None, now)
    return total([units[code] * quantity for code, quantity in wanted], currency)


def preview(
    change: Change, subscription: Subscription, running: Current, customer: Customer, settles_in: str, now: datetime
) -> Quote:
    """Return the quote of a change today, not stored yet. Today counts as the first day of what is new.

    :param settles_in: the currency in which the chosen wallet collects.
    :raises PayFirst: it adds to the cost of what is not paid for.
    :raises RatesStale: a needed rate is older than seven days.
    """
    due, shares = difference(running.held, change.holdings, running.invoiced, running.period)
    if subscription.status != "active" and due > Money.zero(due.currency):
        raise PayFirst
    basis = {
        **change.moves,
        "price_version": str(subscription.price_version_id),
        "branches": sorted(change.branches),
        "period": _span(running),
        "next_amount": sum(one.unit.amount * one.quantity for one in [*running.held, *change.holdings]),
    }
    lines, on = day_lines(change.holdings, shares, running.period, change.notes), day_of(running, customer, now)
    return quotes.assemble(change.kind, subscription, customer, lines, basis, settles_in, now, on)


def _span(running: Current) -> dict[str, str]:
    period = running.period
    return {"id": str(running.id), "starts_on": period.starts_on.isoformat(), "ends_on": period.ends_on.isoformat()}


def _unit(price: Money, currency: str, rate_on: date | None, now: datetime) -> Money:
    """Return a price as the whole period converts it: at the rate of its first quote, else at the newest."""
    if price.currency == currency:
        return price
    rate = rates.of_day(price.currency, currency, rate_on) if rate_on else rates.newest(price.currency, currency, now)
    return unit_price(price, currency, rate)
