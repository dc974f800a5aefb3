"""Settling a draft at once, without a session: by credit, or by carrying what is too little to collect."""

from datetime import datetime

from portal.billing.events import PAYMENT_APPLIED
from portal.billing.fulfilment import fulfil
from portal.billing.models import Quote, Subscription
from portal.billing.queries import deal
from portal.identity import audit
from portal.invoicing import carried_account
from portal.invoicing.invoices import Settlement
from portal.invoicing.models import Customer, Invoice
from portal.kit import ids, outbox
from portal.kit.money import Money
from portal.payments import transactions


def settle(
    subscription: Subscription, customer: Customer, invoice: Invoice, quote: Quote, carried: Money, now: datetime
) -> None:
    """Settle a locked draft by the credit of its quote, and by ``carried``, which is owed with the next payment; both
    together come to its total (product.md, *Tiny amounts*)."""
    nothing, method = Money.zero(quote.currency), "carried" if carried else "credit"
    purchase_id = transactions.open_transaction(
        customer_id=customer.id,
        invoice_id=invoice.id,
        session_id=None,
        type_=quote.kind,
        order_id=f"SH{ids.random_text(22)}",
        fee=quote.total,
        cost=nothing,
        collected=None,
        method=method,
        now=now,
    )
    transactions.complete(transactions.get(purchase_id), "applied", now)
    if carried:
        carried_account.lend(customer.id, carried, purchase_id, now)
    settlement = Settlement(quote.credit + carried, nothing, carried)
    fulfil(subscription, deal(quote.id), invoice, settlement, quote.quoted_on, now)
    facts = {
        "outcome": "carried" if carried else "settled_by_credit",
        "business_id": str(customer.business_id),
        "invoice_kind": invoice.kind,
        "number": invoice.number,
        "amount": quote.total_amount,
        "currency": quote.currency,
        "settled_amount": quote.total_amount,
        "settled_currency": quote.currency,
    }
    outbox.record(PAYMENT_APPLIED, invoice.public_id, facts, now)
    audit.record(audit.SYSTEM, f"payment.{facts['outcome']}", invoice.public_id, facts, now)
