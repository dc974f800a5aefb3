"""Carrying out what an invoice is for, once its money is there: issue it, settle it, start or change what it is of."""

from datetime import date, datetime
from typing import Any

from portal.billing import changes, subscriptions
from portal.billing.models import Subscription
from portal.billing.queries import Deal
from portal.billing.quotes import CHANGE
from portal.directory import branches
from portal.invoicing import credit_balance, invoices
from portal.invoicing.models import Invoice
from portal.kit import config
from portal.kit.money import Money


def stands(invoice: Invoice, subscription: Subscription, deal: Deal, now: datetime) -> bool:
    """Whether a locked invoice can still be paid: same version, and what it is for, its branches and the credit it
    counts on are there."""
    if invoice.status not in ("draft", "open") or invoice.subscription_version != subscription.version:
        return False
    if invoice.kind == CHANGE and not changes.can_still_be(subscription, deal, now):
        return False
    credit = deal.credit
    has_credit = not credit or credit <= credit_balance.of(invoice.customer_id, invoice.currency)
    return has_credit and _sells_what_is_there(deal)


def _sells_what_is_there(deal: Deal) -> bool:
    """Whether every branch that is charged still is a further branch; more of them may have come since."""
    charged = set(deal.terms["branches"])
    if not charged or deal.buyer is None:
        return not charged
    return charged <= {str(branch_id) for branch_id in branches.list_extra(deal.buyer.id)}


def fulfil(
    subscription: Subscription, deal: Deal, invoice: Invoice, paid: Money, starts_on: date, now: datetime
) -> None:
    """Issue a locked draft, settle it by credit and ``paid``, and do what it is for.

    The caller books the payment itself; credit and paid must come to the total (the database checks).

    :param starts_on: the first day of a subscription that starts; a change keeps the day of its quote.
    """
    credit_balance.settle(invoice, deal.credit, now)
    if invoice.kind == CHANGE:
        span = changes.carry_out(subscription, deal, invoice.id, now)
    else:
        period = subscriptions.first_period(deal.time_zone, starts_on)
        subscriptions.start(subscription, deal, invoice.id, period, now)
        span = period.starts_on, period.ends_on
    seller, settlement = config.current().seller, invoices.Settlement(deal.credit, paid)
    invoices.issue(invoice, span, seller, _named(deal), now, settlement)


def _named(deal: Deal) -> dict[str, Any]:
    """Whom the invoice names, as of today."""
    buyer = deal.buyer
    if buyer is None:
        return {"name": deal.customer, "country": ""}
    return {"name": buyer.name, "email": buyer.email, "country": buyer.country}
