"""Carrying out what an invoice is for, once its money is there: issue it, settle it, move its subscription."""

from datetime import date, datetime
from typing import Any

from portal.billing import subscriptions
from portal.billing.models import Quote, Subscription
from portal.directory import branches, businesses
from portal.invoicing import credit_balance, invoices
from portal.invoicing.models import Customer, Invoice
from portal.kit import config
from portal.kit.money import Money


def stands(invoice: Invoice, subscription: Subscription, customer: Customer, quote: Quote) -> bool:
    """Whether a locked invoice can still be paid: same version, its branches and the credit it counts on are there."""
    if invoice.status not in ("draft", "open") or invoice.subscription_version != subscription.version:
        return False
    has_credit = quote.credit <= credit_balance.of(invoice.customer_id, invoice.currency)
    return has_credit and _sells_what_is_there(customer, quote)


def _sells_what_is_there(customer: Customer, quote: Quote) -> bool:
    """Whether every branch that is charged still is a further branch; more of them may have come since."""
    live = branches.list_live(customer.business_id) if customer.business_id else []
    return set(quote.terms["branches"]) <= {str(branch.id) for branch in live if not branch.is_main}


def fulfil(
    subscription: Subscription,
    customer: Customer,
    invoice: Invoice,
    quote: Quote,
    paid: Money,
    starts_on: date,
    now: datetime,
) -> None:
    """Issue a locked draft, settle it by credit and ``paid``, and start its subscription on ``starts_on``.

    The caller books the payment itself; credit and paid must come to the total (the database checks).
    """
    period = subscriptions.first_period(customer, starts_on)
    credit_balance.settle(invoice, quote.credit, now)
    subscriptions.start(subscription, customer, quote, invoice.id, starts_on, now)
    seller = config.current().seller
    invoices.issue(invoice, (period.starts_on, period.ends_on), seller, _buyer(customer), now)
    invoices.mark_paid(invoice, credit=quote.credit, paid=paid, now=now)


def _buyer(customer: Customer) -> dict[str, Any]:
    """Whom the invoice names, as of today."""
    business = businesses.get(customer.business_id) if customer.business_id else None
    if business is None:
        return {"name": customer.public_id, "country": ""}
    return {"name": business.name, "email": business.email, "country": business.country}
