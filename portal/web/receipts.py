"""Receipts, invoices and credit notes of a business, made to be printed: every line explains itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template, request

from portal.billing.kinds import is_for_credit
from portal.invoicing import customers, invoice_pdf
from portal.invoicing.queries import credit_notes_of, find_issued, get_by_id, get_credit_note, get_issued
from portal.ledger.queries import booked_of_invoice
from portal.payments.queries import (
    attempts_of_invoice,
    credits_of_invoice,
    find_session,
    get_transaction,
    paying_transaction,
)
from portal.web import documents, wording
from portal.web.access import may, requires
from portal.web.documents import Document
from portal.web.papers import paper

if TYPE_CHECKING:
    from portal.directory.models import Business

bp = Blueprint("receipts", __name__, url_prefix="/businesses/<business>/history")


@bp.get("/payments/<transaction_id>")
@requires("billing:view")
def show_transaction(business: Business, transaction_id: str) -> str:
    """Show a payment: its receipt where it paid an invoice, else what became of it."""
    customer = customers.get_of_business(business.id)
    transaction = get_transaction(customer.id, transaction_id)
    session = find_session(transaction.session_id) if transaction.session_id else None
    invoice = find_issued(transaction.invoice_id)
    if transaction.facts.get("disposition") == "applied" and invoice is not None:
        return _page(business, documents.of_invoice("receipt", invoice, transaction, session))
    return render_template(
        "web/history/payment.html",
        transaction=transaction,
        session=session,
        business=business,
        is_meant_as_credit=is_for_credit(transaction.type),
    )


@bp.get("/invoices/<invoice_id>")
@requires("billing:view")
def show_invoice(business: Business, invoice_id: str) -> str:
    """Show an issued invoice."""
    document = _invoice(business, invoice_id)
    if document.status == "open" and may("billing:pay"):
        document = replace(document, pay_url=f"{request.path}/pay")
    return _page(business, document)


@bp.get("/invoices/<invoice_id>/why")
@requires("billing:view")
def explain_invoice(business: Business, invoice_id: str) -> str:
    """Show why an invoice comes to its amount: its lines with their sums, and all that was booked for it."""
    invoice = get_issued(customers.get_of_business(business.id).id, invoice_id)
    notes = [note.id for note in credit_notes_of(invoice.id)]
    booked = booked_of_invoice(invoice.id, attempts_of_invoice(invoice.id), credits_of_invoice(invoice.id), notes)
    document = documents.of_invoice("invoice", invoice, None, None)
    return render_template(
        "web/history/why.html",
        business=business,
        invoice=invoice,
        document=document,
        booked=wording.shown_bookings(booked),
    )


@bp.get("/invoices/<invoice_id>.pdf")
@requires("billing:view")
def give_invoice(business: Business, invoice_id: str) -> Response:
    """Give an issued invoice as a file."""
    return _file(_invoice(business, invoice_id))


@bp.get("/credit-notes/<credit_note_id>")
@requires("billing:view")
def show_credit_note(business: Business, credit_note_id: str) -> str:
    """Show a credit note."""
    return _page(business, _credit_note(business, credit_note_id))


@bp.get("/credit-notes/<credit_note_id>.pdf")
@requires("billing:view")
def give_credit_note(business: Business, credit_note_id: str) -> Response:
    """Give a credit note as a file."""
    return _file(_credit_note(business, credit_note_id))


def _invoice(business: Business, invoice_id: str) -> Document:
    invoice = get_issued(customers.get_of_business(business.id).id, invoice_id)
    transaction = paying_transaction(invoice.id)
    session = find_session(transaction.session_id) if transaction and transaction.session_id else None
    return documents.of_invoice("invoice", invoice, transaction, session)


def _credit_note(business: Business, credit_note_id: str) -> Document:
    note = get_credit_note(customers.get_of_business(business.id).id, credit_note_id)
    return documents.of_credit_note(note, get_by_id(note.invoice_id))


def _page(business: Business, document: Document) -> str:
    file_url = None if document.kind == "receipt" else f"{request.path}.pdf"
    why_url = f"{request.path}/why" if document.kind == "invoice" else None
    return render_template(
        "web/history/document.html", document=document, business=business, file_url=file_url, why_url=why_url
    )


def _file(document: Document) -> Response:
    """Give a document as a file, in the language of whoever asks; it is made anew each time and kept nowhere."""
    headers = {"Content-Disposition": f'attachment; filename="{document.number}.pdf"'}
    return Response(invoice_pdf.printed(paper(document)), content_type="application/pdf", headers=headers)
