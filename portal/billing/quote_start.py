"""The quote of a whole first period of a tier and of the branches there are: of a start, or of what is restored."""

from datetime import datetime
from uuid import UUID

from portal.billing import arrears, quotes
from portal.billing.errors import NotRunning
from portal.billing.models import Quote, Subscription
from portal.billing.pricing import Item, month_lines, terms_of
from portal.billing.queries import Deal
from portal.catalogue import price_book
from portal.currency import rates
from portal.directory import branches
from portal.invoicing import carried_account
from portal.invoicing.models import Customer


def preview(subscription: Subscription, customer: Customer, settles_in: str, now: datetime) -> Quote:
    """Return the quote of a subscription's start, not stored yet, at today's prices.

    Every branch beyond the main one is charged, and what is owed from an earlier subscription is paid along.

    :param settles_in: the currency in which the chosen wallet collects.
    :raises RatesStale: a needed rate is older than seven days.
    """
    version, _ = price_book.get_tier_on_sale(subscription.tier_code, now)
    return _preview(quotes.START, version, subscription, customer, settles_in, now)


def preview_restoration(subscription: Subscription, customer: Customer, settles_in: str, now: datetime) -> Quote:
    """Return the quote of a suspended subscription's restoration, not stored yet: what it owes, and a whole new period
    from today on, at the prices that it was bought under (product.md, *Failed payments*).

    :raises NotRunning: it has ended, or is back already.
    :raises RatesStale: a needed rate is older than seven days.
    """
    if subscription.status != "suspended":
        raise NotRunning
    version = subscription.price_version_id or price_book.current_version(now)
    return _preview(quotes.RESTORATION, version, subscription, customer, settles_in, now)


def can_be_restored(subscription: Subscription, deal: Deal, now: datetime) -> bool:
    """Whether a locked subscription is suspended still, and owes no more than its quote said."""
    if subscription.status != "suspended":
        return False
    owed = arrears.of_carried(carried_account.of(subscription.customer_id, deal.credit.currency))
    return bool(owed + arrears.of_invoices(subscription.customer_id) == deal.terms["arrears"])


def _preview(
    kind: str, version: UUID, subscription: Subscription, customer: Customer, settles_in: str, now: datetime
) -> Quote:
    is_asleep = subscription.mode == "hibernating"
    branch_ids = branches.list_extra(customer.business_id) if customer.business_id and not is_asleep else []
    wanted = terms_of(subscription.mode, subscription.tier_code, len(branch_ids))
    prices = price_book.get_prices(version, [code for code, _ in wanted], now)
    items = [Item(code, prices[code], quantity) for code, quantity in wanted]
    foreign = {item.price.currency for item in items} - {customer.currency}
    rate = rates.newest(foreign.pop(), customer.currency, now) if foreign else None
    lines = month_lines(items, customer.currency, rate)
    basis = {"price_version": str(version), "branches": sorted(str(branch_id) for branch_id in branch_ids)}
    return quotes.assemble(kind, subscription, customer, lines, basis, settles_in, now)
