"""Paying ahead: so many times today's renewal is put on the credit balance (product.md, *Credit*).

Nothing is sold by it: each renewal is invoiced in its time at its own price, and credit pays it first.
"""

from datetime import datetime

from portal.billing import quote_change, quotes
from portal.billing.errors import NoSuchPrepayment
from portal.billing.models import Quote, Subscription
from portal.billing.pricing import terms_of
from portal.invoicing.invoices import Line
from portal.invoicing.models import Customer
from portal.kit.money import Money

MOST = 12
"""Months that can be paid ahead at a time."""


def month(subscription: Subscription, customer: Customer, now: datetime) -> Money:
    """Return what a renewal would cost today.

    :raises UnknownOffer, RatesStale: a price or a rate is not there.
    """
    tier_code = subscription.pending_tier_code or subscription.tier_code
    wanted = terms_of(subscription.mode, tier_code, subscription.extra_branches)
    return quote_change.month_price(wanted, subscription, customer.currency, now)


def preview(subscription: Subscription, customer: Customer, months: int, settles_in: str, now: datetime) -> Quote:
    """Return the quote of paying ``months`` ahead, not stored yet; credit does not pay for credit.

    :raises NotRunning, RatesStale: see what they say.
    :raises NoSuchPrepayment: it is not one of the numbers of months on offer.
    """
    quote_change.get_running(subscription, customer, now)
    if not 1 <= months <= MOST:
        raise NoSuchPrepayment
    each = month(subscription, customer, now)
    line = Line(quotes.PREPAYMENT, months, each, each * months, {"kind": "prepayment"})
    basis = {"price_version": str(subscription.price_version_id), "branches": [], "months": months}
    return quotes.assemble(quotes.PREPAYMENT, subscription, customer, [line], basis, settles_in, now)
