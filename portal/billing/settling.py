"""Settling a draft at once, without a session: by credit, or by carrying what is too little to collect."""

from datetime import datetime

from portal.billing.events import PAYMENT_APPLIED
from portal.billing.fulfilment import fulfil
from portal.billing.models import Quote, Subscription
from portal.billing.queries import deal
from portal.identity import audit
from portal.invoicing import credit_balance
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
    purchase_id = credit_balance.open_purchase(invoice, quote.kind, quote.total, carried, now)
    transactions.complete(transactions.get(purchase_id), "applied", now)
    settlement = Settlement(quote.credit + carried, Money.zero(quote.currency), carried)
    fulfil(subscription, deal(quote.id), invoice, settlement, quote.quoted_on, now)
    facts = {
        "outcome": "carried" if carried else "settled_by_credit",
        "business_id": ids.text(customer.business_id),
        "invoice_kind": invoice.kind,
        "number": invoice.number,
        "amount": quote.total_amount,
        "currency": quote.currency,
        "settled_amount": quote.total_amount,
        "settled_currency": quote.currency,
    }
    outbox.record(PAYMENT_APPLIED, invoice.public_id, facts, now)
    audit.record(audit.SYSTEM, f"payment.{facts['outcome']}", invoice.public_id, facts, now)
