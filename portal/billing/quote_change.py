"""The quote of another tier for the rest of the running period (product.md, *Proration* and *Changes*)."""

from datetime import date, datetime

from portal.billing import holdings, quotes
from portal.billing.errors import NotRunning, SameTier
from portal.billing.holdings import Current
from portal.billing.models import Quote, Subscription
from portal.billing.pricing import day_lines, unit_price
from portal.billing.proration import Holding, difference
from portal.catalogue import price_book
from portal.catalogue.price_book import Tier
from portal.currency import rates
from portal.invoicing.models import Customer
from portal.kit.money import Money


def preview(subscription: Subscription, customer: Customer, tier_code: str, settles_in: str, now: datetime) -> Quote:
    """Return the quote of moving to a tier today, not stored yet. Today counts as the first day of the new tier.

    :param settles_in: the currency in which the chosen wallet collects.
    :raises UnknownOffer, SameTier, NotRunning, RatesStale: see what they say.
    """
    running = holdings.current(subscription, customer.currency, now)
    if running is None or subscription.status != "active" or subscription.price_version_id is None:
        raise NotRunning
    if tier_code == subscription.tier_code:
        raise SameTier
    tier = price_book.get_tier(subscription.price_version_id, tier_code)
    on = quotes.local_day(customer.time_zone, now)
    unit = _unit(tier, customer.currency, running.rate_on)
    change = [Holding(tier.code, 1, unit, on), _given_up(running, subscription.tier_code, on)]
    _, shares = difference(running.held, change, running.invoiced, running.period)
    basis = {
        "price_version": str(subscription.price_version_id),
        "branches": [],
        "tier": tier.code,
        "period": _span(running),
        "next_amount": sum(one.unit.amount * one.quantity for one in [*running.held, *change]),
    }
    lines = day_lines(change, shares, running.period)
    return quotes.assemble(quotes.CHANGE, subscription, customer, lines, basis, settles_in, now)


def _span(running: Current) -> dict[str, str]:
    period = running.period
    return {"id": str(running.id), "starts_on": period.starts_on.isoformat(), "ends_on": period.ends_on.isoformat()}


def _unit(tier: Tier, currency: str, rate_on: date | None) -> Money:
    """Return a tier's price as the whole period converts it: at the rate of its first quote."""
    price = Money(tier.amount, tier.currency)
    rate = rates.of_day(price.currency, currency, rate_on) if rate_on and price.currency != currency else None
    return unit_price(price, currency, rate)


def _given_up(running: Current, tier_code: str, on: date) -> Holding:
    """Give up the tier that is held, at the price at which it is."""
    held = next(one for one in reversed(running.held) if one.code == tier_code and one.quantity > 0)
    return Holding(tier_code, -1, held.unit, on)
