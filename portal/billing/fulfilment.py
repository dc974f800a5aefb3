"""Carrying out what an invoice is for, once its money is there: issue it, settle it, move its subscription."""

from datetime import date, datetime
from typing import Any

from portal.billing import subscriptions
from portal.billing.models import Subscription
from portal.billing.queries import Deal
from portal.directory import branches
from portal.invoicing import credit_balance, invoices
from portal.invoicing.models import Invoice
from portal.kit import config
from portal.kit.money import Money


def stands(invoice: Invoice, subscription: Subscription, deal: Deal) -> bool:
    """Whether a locked invoice can still be paid: same version, its branches and the credit it counts on are there."""
    if invoice.status not in ("draft", "open") or invoice.subscription_version != subscription.version:
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
    """Issue a locked draft, settle it by credit and ``paid``, and start its subscription on ``starts_on``.

    The caller books the payment itself; credit and paid must come to the total (the database checks).
    """
    period = subscriptions.first_period(deal.time_zone, starts_on)
    credit_balance.settle(invoice, deal.credit, now)
    subscriptions.start(subscription, deal, invoice.id, period, now)
    seller, settlement = config.current().seller, invoices.Settlement(deal.credit, paid)
    invoices.issue(invoice, (period.starts_on, period.ends_on), seller, _named(deal), now, settlement)


def _named(deal: Deal) -> dict[str, Any]:
    """Whom the invoice names, as of today."""
    buyer = deal.buyer
    if buyer is None:
        return {"name": deal.customer, "country": ""}
    return {"name": buyer.name, "email": buyer.email, "country": buyer.country}
