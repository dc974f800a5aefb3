"""Another tier for the rest of the running period, up or down (product.md, *Changes*)."""

from datetime import date, datetime

from portal.billing import quote_change, quotes
from portal.billing.errors import Hibernating, SameTier
from portal.billing.holdings import Current
from portal.billing.models import Quote, Subscription
from portal.billing.pricing import terms_of
from portal.billing.quote_change import Change
from portal.catalogue import price_book
from portal.invoicing.models import Customer


def preview(subscription: Subscription, customer: Customer, tier_code: str, settles_in: str, now: datetime) -> Quote:
    """Return the quote of moving to a tier today, not stored yet.

    :param settles_in: the currency in which the chosen wallet collects.
    :raises UnknownOffer, SameTier, NotRunning, Hibernating, PayFirst, RatesStale: see what they say.
    """
    running = quote_change.get_running(subscription, customer, now)
    if subscription.mode == "hibernating":
        raise Hibernating
    if tier_code == subscription.tier_code:
        raise SameTier
    price_book.get_tier(quote_change.kept_version(subscription, now), tier_code, now)
    change = moving(subscription, tier_code, running, quote_change.day_of(running, customer, now), now)
    return quote_change.preview(change, subscription, running, customer, settles_in, now)


def moving(subscription: Subscription, tier_code: str, running: Current, on: date, now: datetime) -> Change:
    """Return what moving to a tier on a day of the period is, before it is priced.

    :raises UnknownOffer, RatesStale: a price or a needed rate is not there.
    """
    wanted = terms_of(subscription.mode, tier_code, subscription.extra_branches)
    return Change(quotes.CHANGE, {"tier": tier_code}, quote_change.to_hold(wanted, subscription, running, on, now))
