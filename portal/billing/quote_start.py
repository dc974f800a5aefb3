"""The quote of a subscription's start: a whole first period of its tier and of the branches there are."""

from datetime import datetime
from uuid import UUID

from portal.billing import quotes
from portal.billing.models import Quote, Subscription
from portal.billing.pricing import Item, month_lines, terms_of
from portal.catalogue import price_book
from portal.currency import rates
from portal.directory import branches
from portal.invoicing.models import Customer
from portal.kit.money import Money


def preview(subscription: Subscription, customer: Customer, settles_in: str, now: datetime) -> Quote:
    """Return the quote of a subscription's start, not stored yet; every branch beyond the main one is charged.

    :param settles_in: the currency in which the chosen wallet collects.
    :raises RatesStale: a needed rate is older than seven days.
    """
    version, tier = price_book.get_tier_on_sale(subscription.tier_code, now)
    branch_ids = branches.list_extra(customer.business_id) if customer.business_id else []
    items = [
        Item(code, Money(tier.amount, tier.currency) if code == tier.code else _price(version, code), quantity)
        for code, quantity in terms_of("awake", tier.code, len(branch_ids))
    ]
    foreign = {item.price.currency for item in items} - {customer.currency}
    rate = rates.newest(foreign.pop(), customer.currency, now) if foreign else None
    basis = {
        "price_version": str(version),
        "branches": sorted(str(branch_id) for branch_id in branch_ids),
    }
    return quotes.assemble(
        quotes.START, subscription, customer, month_lines(items, customer.currency, rate), basis, settles_in, now
    )


def _price(version: UUID, code: str) -> Money:
    price = price_book.get_price(version, code)
    return Money(price.amount, price.currency)
