"""Reading one invoice or credit note with its lines; see ``documents.py`` for lists."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from uuid import UUID

from sqlalchemy import and_, bindparam, exists, func, select, union_all

from portal.invoicing.models import CreditNote, CreditNoteLine, Invoice, InvoiceLine
from portal.invoicing.tax import Taxed
from portal.kit.db import db, table_of
from portal.kit.errors import NotFound
from portal.kit.money import Money

_invoice, _note = table_of(Invoice).c, table_of(CreditNote).c
DUE = _invoice.total_amount - _invoice.credit_amount - _invoice.paid_amount - _invoice.credited_open_amount
"""What is still owed of an invoice (``Invoice.due``), for statements."""
_AT_RATE = and_(
    _invoice.subscription_id == bindparam("subscription_id"),
    _invoice.period_starts_on == bindparam("starts_on"),
    _invoice.tax_rate == bindparam("rate"),
    _invoice.number.is_not(None),
)
_INVOICED = select(_invoice.total_amount, _invoice.tax_amount).where(_AT_RATE)
_CREDITED = (
    select(-_note.total_amount, -_note.tax_amount)
    .join_from(_note.id.table, _invoice.id.table, _invoice.id == _note.invoice_id)
    .where(_AT_RATE)
)
_documents = union_all(_INVOICED, _CREDITED).subquery().c
_TAXED = select(func.coalesce(func.sum(_documents.total_amount), 0), func.coalesce(func.sum(_documents.tax_amount), 0))


def get_issued(customer_id: UUID, public_id: str) -> Invoice:
    """Return an issued invoice of this customer.

    :raises NotFound: there is none, it is a draft, or it is somebody else's.
    """
    query = select(Invoice).where(Invoice.customer_id == customer_id, Invoice.public_id == public_id)
    found = db.scalars(query.where(Invoice.number.is_not(None))).one_or_none()
    if found is None:
        raise NotFound
    return found


def is_paid_for(subscription_id: UUID, starts_on: date) -> bool:
    """Whether an invoice of the period that begins on a day is paid, and not credited in full."""
    of_period = (_invoice.subscription_id == subscription_id, _invoice.period_starts_on == starts_on)
    counts = (_invoice.status == "paid", _invoice.credited_amount < _invoice.total_amount)
    return bool(db.execute(select(exists().where(*of_period, *counts))).scalar_one())


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


def taxed(subscription_id: UUID, starts_on: date | None, rate: Decimal, currency: str) -> Taxed:
    """Return what the period from ``starts_on`` on was invoiced at ``rate`` percent, less what was credited of it.

    Where there is no tax nobody is asked: nothing of nothing is rounded.
    """
    nothing = Money.zero(currency)
    if not rate:
        return Taxed(nothing, nothing)
    given = {"subscription_id": subscription_id, "starts_on": starts_on, "rate": rate}
    total, tax = db.execute(_TAXED, given).one()
    return Taxed(Money(int(total), currency), Money(int(tax), currency))
