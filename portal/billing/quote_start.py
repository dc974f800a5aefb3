"""The quote of a whole first period of a tier and of the branches there are: of a start, or of what is restored."""

from datetime import datetime
from typing import Any
from uuid import UUID

from portal.billing import arrears, quote_change, quotes
from portal.billing.errors import NoPlan, PayFirst
from portal.billing.models import Quote, Subscription
from portal.billing.pricing import Item, month_lines, terms_of
from portal.billing.queries import Deal
from portal.catalogue import price_book
from portal.currency import rates
from portal.directory import branches
from portal.invoicing.invoices import Line
from portal.invoicing.models import Customer


def preview(subscription: Subscription, customer: Customer, settles_in: str, now: datetime) -> Quote:
    """Return the quote of a subscription's start, not stored yet, at today's prices.

    Every branch beyond the main one is charged, and what is owed from an earlier subscription is paid along.

    :param settles_in: the currency in which the chosen wallet collects.
    :raises RatesStale: a needed rate is older than seven days.
    """
    tier_code = subscription.tier_code
    version, _ = price_book.get_tier_on_sale(tier_code, now)
    lines, basis = _month(version, tier_code, subscription, customer, now)
    return quotes.assemble(quotes.START, subscription, customer, lines, basis, settles_in, now)


def preview_restoration(
    subscription: Subscription, customer: Customer, tier_code: str, settles_in: str, now: datetime
) -> Quote:
    """Return the quote of a suspended subscription's restoration, not stored yet: what it owes, and a whole new period
    from today on, at the prices that it was bought under (product.md, *Failed payments*).

    :param tier_code: what it comes back as: the tier that it had, or one that costs less (*Changes*).
    :raises NoPlan: it has ended, or goes on as another one.
    :raises PayFirst: that tier costs more.
    :raises UnknownOffer, RatesStale: a price or a needed rate is not there.
    """
    if subscription.status != "suspended":
        raise NoPlan
    version = quote_change.kept_version(subscription, now)
    wanted, held = (price_book.get_tier(version, code, now) for code in (tier_code, subscription.tier_code))
    if wanted.amount > held.amount:
        raise PayFirst
    lines, basis = _month(version, tier_code, subscription, customer, now)
    terms = basis | {"tier": tier_code}
    return quotes.assemble(quotes.RESTORATION, subscription, customer, lines, terms, settles_in, now)


def can_be_restored(subscription: Subscription, deal: Deal, now: datetime) -> bool:
    """Whether a locked subscription is suspended still, and owes no more than its quote said."""
    if subscription.status != "suspended":
        return False
    owed, credit = arrears.of_customer(subscription.customer_id, deal.credit.currency)
    return owed == deal.terms["arrears"] and credit >= deal.credit


def _month(
    version: UUID, tier_code: str, subscription: Subscription, customer: Customer, now: datetime
) -> tuple[list[Line], dict[str, Any]]:
    """Return the lines of a whole month in its mode, and what they rest on: awake, every further branch there is."""
    is_asleep = subscription.mode == "hibernating"
    branch_ids = branches.list_extra(customer.business_id) if customer.business_id and not is_asleep else []
    wanted = terms_of(subscription.mode, tier_code, len(branch_ids))
    prices = price_book.get_prices(version, [code for code, _ in wanted], now)
    items = [Item(code, prices[code], quantity) for code, quantity in wanted]
    foreign = {item.price.currency for item in items} - {customer.currency}
    rate = rates.newest(foreign.pop(), customer.currency, now) if foreign else None
    basis = {"price_version": str(version), "branches": sorted(str(branch_id) for branch_id in branch_ids)}
    return month_lines(items, customer.currency, rate), basis
