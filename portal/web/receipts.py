"""Receipts, invoices and credit notes of a business, made to be printed: every line explains itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, render_template

from portal.invoicing import customers
from portal.invoicing.queries import find_issued, get_by_id, get_credit_note, get_issued
from portal.kit.errors import NotFound
from portal.payments.queries import find_session, get_transaction, paying_transaction
from portal.web import documents
from portal.web.access import requires
from portal.web.documents import Document

if TYPE_CHECKING:
    from portal.directory.models import Business
    from portal.invoicing.models import Customer

bp = Blueprint("receipts", __name__, url_prefix="/businesses/<business>/history")


@bp.get("/payments/<transaction_id>")
@requires("billing:view")
def show_transaction(business: Business, transaction_id: str) -> str:
    """Show a payment: its receipt where it paid an invoice, else what became of it."""
    customer = _customer(business)
    transaction = get_transaction(customer.id, transaction_id)
    session = find_session(transaction.session_id) if transaction.session_id else None
    invoice = find_issued(transaction.invoice_id)
    if transaction.facts.get("disposition") == "applied" and invoice is not None:
        return _page(business, documents.of_invoice("receipt", invoice, transaction, session))
    return render_template("web/history/payment.html", transaction=transaction, session=session, business=business)


@bp.get("/invoices/<invoice_id>")
@requires("billing:view")
def show_invoice(business: Business, invoice_id: str) -> str:
    """Show an issued invoice."""
    invoice = get_issued(_customer(business).id, invoice_id)
    transaction = paying_transaction(invoice.id)
    session = find_session(transaction.session_id) if transaction and transaction.session_id else None
    return _page(business, documents.of_invoice("invoice", invoice, transaction, session))


@bp.get("/credit-notes/<credit_note_id>")
@requires("billing:view")
def show_credit_note(business: Business, credit_note_id: str) -> str:
    """Show a credit note."""
    note = get_credit_note(_customer(business).id, credit_note_id)
    return _page(business, documents.of_credit_note(note, get_by_id(note.invoice_id)))


def _page(business: Business, document: Document) -> str:
    return render_template("web/history/document.html", document=document, business=business)


def _customer(business: Business) -> Customer:
    customer = customers.find_of_business(business.id)
    if customer is None:
        raise NotFound
    return customer
