"""Receipts and invoices of a business, made to be printed: every line explains itself."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any

from flask import Blueprint, render_template, url_for

from portal.invoicing import customers
from portal.invoicing.queries import find_issued, get_issued, lines_of
from portal.kit.errors import NotFound
from portal.kit.money import Money
from portal.payments.queries import find_session, get_transaction, paying_transaction
from portal.web import wording
from portal.web.access import requires
from portal.web.wording import ShownLine

if TYPE_CHECKING:
    from portal.directory.models import Business
    from portal.invoicing.models import Customer, Invoice
    from portal.payments.models import MembershipTransaction, PaymentSession

bp = Blueprint("receipts", __name__, url_prefix="/businesses/<business>/history")


@dataclass(frozen=True, slots=True)
class Party:
    """Who sells or buys, as it stood when the invoice was issued."""

    name: str
    address: str
    email: str | None
    vat_number: str | None


@dataclass(frozen=True, slots=True)
class Document:
    """A printable receipt or invoice."""

    kind: str
    number: str | None
    status: str | None
    issued_on: date | None
    seller: Party
    buyer: Party
    period_start: date | None
    period_end: date | None
    lines: list[ShownLine]
    total: Money
    credit_used: Money | None
    paid: Money | None
    due: Money | None
    tax: Money | None
    tax_rate: str | None
    collected: Money | None
    rate: str | None
    rate_on: date | None
    paid_at: datetime | None
    method_name: str | None
    order_id: str | None
    back_url: str
    pay_url: str | None


@bp.get("/payments/<transaction_id>")
@requires("billing:view")
def show_transaction(business: Business, transaction_id: str) -> str:
    """Show a payment: its receipt where it paid an invoice, else what became of it."""
    customer = _customer(business)
    transaction = get_transaction(customer.id, transaction_id)
    session = find_session(transaction.session_id) if transaction.session_id else None
    invoice = find_issued(transaction.invoice_id)
    if transaction.facts.get("disposition") == "applied" and invoice is not None:
        document = _document("receipt", invoice, transaction, session)
        return render_template("web/history/document.html", document=document)
    return render_template("web/history/payment.html", transaction=transaction, session=session, business=business)


@bp.get("/invoices/<invoice_id>")
@requires("billing:view")
def show_invoice(business: Business, invoice_id: str) -> str:
    """Show an issued invoice."""
    invoice = get_issued(_customer(business).id, invoice_id)
    transaction = paying_transaction(invoice.id)
    session = find_session(transaction.session_id) if transaction and transaction.session_id else None
    document = _document("invoice", invoice, transaction, session)
    return render_template("web/history/document.html", document=document)


def _customer(business: Business) -> Customer:
    customer = customers.find_of_business(business.id)
    if customer is None:
        raise NotFound
    return customer


def _document(
    kind: str, invoice: Invoice, transaction: MembershipTransaction | None, session: PaymentSession | None
) -> Document:
    is_converted = session is not None and session.rate is not None
    due = invoice.total_amount - invoice.credit_amount - invoice.paid_amount
    return Document(
        kind=kind,
        number=invoice.number,
        status=invoice.status if kind == "invoice" else None,
        issued_on=invoice.due_on,
        seller=_party(invoice.seller or {}),
        buyer=_party(invoice.buyer or {}),
        period_start=invoice.period_starts_on,
        period_end=invoice.period_ends_on - timedelta(days=1) if invoice.period_ends_on else None,
        lines=_lines(invoice),
        total=invoice.total,
        credit_used=_amount(invoice.credit_amount, invoice.currency),
        paid=_amount(invoice.paid_amount, invoice.currency),
        due=_amount(due, invoice.currency),
        tax=None,
        tax_rate=None,
        collected=session.asked if session is not None and is_converted else None,
        rate=str(session.rate) if session is not None and is_converted else None,
        rate_on=session.rate_on if session is not None else None,
        paid_at=invoice.paid_at,
        method_name=wording.method_name(transaction.method) if transaction else None,
        order_id=transaction.order_id if transaction else None,
        back_url=url_for("history.show" if kind == "receipt" else "history.show_invoices"),
        pay_url=None,
    )


def _lines(invoice: Invoice) -> list[ShownLine]:
    return [
        wording.shown_line(
            line.code,
            line.quantity,
            Money(line.unit_amount, invoice.currency),
            Money(line.amount, invoice.currency),
            line.derivation,
        )
        for line in lines_of(invoice.id)
    ]


def _party(facts: dict[str, Any]) -> Party:
    return Party(facts.get("name", ""), facts.get("address", ""), facts.get("email"), facts.get("vat_number"))


def _amount(amount: int, currency: str) -> Money | None:
    return Money(amount, currency) if amount else None
