"""Reading one invoice or credit note with its lines; see ``documents.py`` for lists."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select

from portal.invoicing.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from portal.kit.db import db
from portal.kit.errors import NotFound


def get_issued(customer_id: UUID, public_id: str) -> Invoice:
    """Return an issued invoice of this customer.

    :raises NotFound: there is none, it is a draft, or it is somebody else's.
    """
    query = select(Invoice).where(Invoice.customer_id == customer_id, Invoice.public_id == public_id)
    found = db.scalars(query.where(Invoice.number.is_not(None))).one_or_none()
    if found is None:
        raise NotFound
    return found


def find_issued(invoice_id: UUID) -> Invoice | None:
    """Return an invoice by key where it has a number."""
    return db.scalars(select(Invoice).where(Invoice.id == invoice_id, Invoice.number.is_not(None))).one_or_none()


def get_by_id(invoice_id: UUID) -> Invoice:
    """Return an invoice by key."""
    return db.get_one(Invoice, invoice_id)


def lines_of(invoice_id: UUID) -> Sequence[InvoiceLine]:
    """Return the lines of an invoice in order."""
    return db.scalars(
        select(InvoiceLine).where(InvoiceLine.invoice_id == invoice_id).order_by(InvoiceLine.position)
    ).all()


def subscription_of(invoice_id: UUID) -> UUID:
    """Return the key of the subscription that an invoice is for."""
    return db.execute(select(Invoice.subscription_id).where(Invoice.id == invoice_id)).scalar_one()


def get_credit_note(customer_id: UUID, public_id: str) -> CreditNote:
    """Return a credit note of this customer.

    :raises NotFound: there is none, or it is somebody else's.
    """
    query = select(CreditNote).where(CreditNote.customer_id == customer_id, CreditNote.public_id == public_id)
    found = db.scalars(query).one_or_none()
    if found is None:
        raise NotFound
    return found


def credit_notes_of(invoice_id: UUID) -> Sequence[CreditNote]:
    """Return the credit notes of an invoice, oldest first."""
    return db.scalars(
        select(CreditNote).where(CreditNote.invoice_id == invoice_id).order_by(CreditNote.issued_at, CreditNote.id)
    ).all()


def lines_of_credit_note(note_id: UUID) -> Sequence[CreditNoteLine]:
    """Return the lines of a credit note in order."""
    return db.scalars(
        select(CreditNoteLine).where(CreditNoteLine.credit_note_id == note_id).order_by(CreditNoteLine.position)
    ).all()
