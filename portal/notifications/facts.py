"""What a notice tells of an event, as JSON: taken over from the event, or looked up where the event only names it.

Whatever is looked up here no longer changes: issued invoices, and payments that have had their outcome.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from portal.billing.advance import FURTHER
from portal.invoicing.models import Invoice
from portal.invoicing.queries import get_by_id, lines_of
from portal.kit.outbox import DomainEvent
from portal.payments.models import PaymentSession
from portal.payments.queries import find_session, get_session, paying_transaction
from portal.payments.transactions import of_session

Facts = dict[str, Any]
Gather = Callable[[DomainEvent], Facts]


def taken(*names: str) -> Gather:
    """Return what takes these facts over from an event as they are."""
    return lambda event: {name: event.facts[name] for name in names}


def to_be_paid(*names: str) -> Gather:
    """Return what takes these facts over, and what is paid along, of which earlier versions told nothing."""
    return lambda event: {**taken(*names)(event), "carried": event.facts.get("carried", 0)}


def of_payment(event: DomainEvent) -> Facts:
    """Return what became of money that came for a session."""
    transaction = of_session(get_session(event.subject).id)
    figures = taken("outcome", "amount", "currency", "settled_amount", "settled_currency", "number")
    return {"session": event.subject, "transaction": transaction.public_id, **figures(event)}


def of_start(event: DomainEvent) -> Facts:
    """Return what a plan began with: its tier, its invoice line by line, and how that was paid."""
    invoice = get_by_id(UUID(event.facts["invoice_id"]))
    transaction = paying_transaction(invoice.id)
    session = find_session(transaction.session_id) if transaction and transaction.session_id else None
    paid = _paid_with(session) | ({"outcome": "restored"} if event.facts.get("is_restored") else {})
    return {"tier": event.facts["tier"], **_invoice(invoice), **paid}


def of_turn(event: DomainEvent) -> Facts:
    """Return what was chosen for the end of a period, its last day, and the invoices of the next one that it made void;
    events from before those were noted name none."""
    turns_on = date.fromisoformat(event.facts["turns_on"])
    last_on = (turns_on - timedelta(days=1)).isoformat()
    return {**taken("tier", "turns_on")(event), "last_on": last_on, "credited": event.facts.get("credited", [])}


def of_suspension(event: DomainEvent) -> Facts:
    """Return what is still owed of what was hidden, and what was chosen for its period's end (a tier, or ``end``)."""
    dropped = event.facts.get("dropped")
    return {**taken("invoice", "number", "amount", "currency", "ends_on")(event), "dropped": dropped}


def of_renewal(event: DomainEvent) -> Facts:
    """Return the invoice of a period, line by line, and what of it was still owed when it was issued."""
    invoice = get_by_id(UUID(event.facts["invoice_id"]))
    due = invoice.total_amount - event.facts["credit_amount"]
    along = {"carried": event.facts.get("carried", 0) if due else 0, "is_further": invoice.kind == FURTHER}
    return {**_invoice(invoice), "due_amount": due, **along}


def of_change(event: DomainEvent) -> Facts:
    """Return what a plan became, and what that cost line by line; an amount below zero came back as credit."""
    lines, invoice_id = event.facts["lines"], event.facts["invoice_id"]
    return {
        "tier": event.facts["tier"],
        "session": _session_that_paid(UUID(invoice_id)) if invoice_id else None,
        "carried": get_by_id(UUID(invoice_id)).carried_amount if invoice_id else 0,
        "amount": sum(line["amount"] for line in lines),
        "currency": event.facts["currency"],
        "lines": [{**line, "unit_amount": line["unit"]} for line in lines],
    }


def of_hibernation(event: DomainEvent) -> Facts:
    """Return what hibernating came to, as of any change, and the day on which it ends where one is chosen."""
    return {**of_change(event), "wakes_on": event.facts["wakes_on"]}


def _session_that_paid(invoice_id: UUID) -> str | None:
    transaction = paying_transaction(invoice_id)
    session = find_session(transaction.session_id) if transaction and transaction.session_id else None
    return session.public_id if session else None


def _invoice(invoice: Invoice) -> Facts:
    """Return an issued invoice; its last day is inclusive."""
    last_on = invoice.period_ends_on - timedelta(days=1) if invoice.period_ends_on else None
    return {
        "invoice": invoice.public_id,
        "number": invoice.number,
        "starts_on": str(invoice.period_starts_on),
        "last_on": str(last_on),
        "amount": invoice.total_amount,
        "currency": invoice.currency,
        "lines": [
            {
                "code": line.code,
                "quantity": line.quantity,
                "unit_amount": line.unit_amount,
                "amount": line.amount,
                "derivation": line.derivation,
            }
            for line in lines_of(invoice.id)
        ],
    }


def _paid_with(session: PaymentSession | None) -> Facts:
    """Return how something was paid: by the wallet of a session, or all by credit."""
    if session is None:
        return {"session": None, "outcome": "settled_by_credit", "settled_amount": None, "settled_currency": None}
    return {
        "session": session.public_id,
        "outcome": "paid" if session.paid_late_at is None else "paid_late",
        "settled_amount": session.settlement_amount,
        "settled_currency": session.settlement_currency,
    }
