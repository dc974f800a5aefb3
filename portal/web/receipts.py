"""Receipts, invoices and credit notes of a business, made to be printed: every line explains itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from flask import Blueprint, Response, render_template, request

from portal.billing.kinds import is_for_credit
from portal.invoicing import customers, invoice_pdf
from portal.invoicing.queries import credit_notes_of, find_issued, get_by_id, get_credit_note, get_issued
from portal.kit import config
from portal.kit.errors import NotFound
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
    from portal.payments.models import MembershipTransaction, PaymentSession

bp = Blueprint("receipts", __name__, url_prefix="/businesses/<business>/history")


@bp.get("/payments/<transaction_id>")
@requires("billing:view")
def show_transaction(business: Business, transaction_id: str) -> str:
    """Show a payment: its receipt where it came to what it was for, else what became of it."""
    transaction, session = _find(business, transaction_id)
    document = _receipt(business, transaction, session)
    if document is not None:
        return _page(business, document)
    return render_template("web/history/payment.html", transaction=transaction, session=session, business=business)


@bp.get("/payments/<transaction_id>.pdf")
@requires("billing:view")
def give_receipt(business: Business, transaction_id: str) -> Response:
    """Give a receipt as a file; a payment that came to nothing has none."""
    document = _receipt(business, *_find(business, transaction_id))
    if document is None:
        raise NotFound
    return _file(document)


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


def _find(business: Business, transaction_id: str) -> tuple[MembershipTransaction, PaymentSession | None]:
    transaction = get_transaction(customers.get_of_business(business.id).id, transaction_id)
    return transaction, find_session(transaction.session_id) if transaction.session_id else None


def _receipt(business: Business, transaction: MembershipTransaction, session: PaymentSession | None) -> Document | None:
    """Return the receipt of a payment that paid its invoice, or became the credit that it was meant to be."""
    disposition, invoice = transaction.facts.get("disposition"), find_issued(transaction.invoice_id)
    if disposition == "applied" and invoice is not None:
        return documents.of_invoice("receipt", invoice, transaction, session)
    if disposition == "credited" and session is not None and is_for_credit(transaction.type):
        seller, draft = config.current().seller, get_by_id(transaction.invoice_id)
        return documents.of_credit(transaction, session, draft, business, seller)
    return None


def _invoice(business: Business, invoice_id: str) -> Document:
    invoice = get_issued(customers.get_of_business(business.id).id, invoice_id)
    transaction = paying_transaction(invoice.id)
    session = find_session(transaction.session_id) if transaction and transaction.session_id else None
    return documents.of_invoice("invoice", invoice, transaction, session)


def _credit_note(business: Business, credit_note_id: str) -> Document:
    note = get_credit_note(customers.get_of_business(business.id).id, credit_note_id)
    return documents.of_credit_note(note, get_by_id(note.invoice_id))


def _page(business: Business, document: Document) -> str:
    why_url = f"{request.path}/why" if document.kind == "invoice" else None
    return render_template(
        "web/history/document.html",
        document=document,
        business=business,
        file_url=f"{request.path}.pdf",
        why_url=why_url,
    )


def _file(document: Document) -> Response:
    """Give a document as a file, in the language of whoever asks; it is made anew each time and kept nowhere."""
    name = f"receipt-{document.number}" if document.kind == "receipt" else document.number
    headers = {"Content-Disposition": f'attachment; filename="{name}.pdf"'}
    return Response(invoice_pdf.printed(paper(document)), content_type="application/pdf", headers=headers)
