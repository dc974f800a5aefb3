"""Reading invoices: a customer's list and one invoice with its lines."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import ColumnElement, func, select

from portal.invoicing.models import Customer, Invoice, InvoiceLine
from portal.kit.db import db
from portal.kit.errors import NotFound
from portal.kit.pagination import PAGE_SIZE, Page

STATUSES = ("open", "paid", "uncollectible")


@dataclass(frozen=True, slots=True)
class InvoiceFilter:
    """Which invoices are wanted; both days are inclusive and are the invoice's own date."""

    status: str | None = None
    since: date | None = None
    until: date | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the filter as SQL conditions."""
        wanted: list[ColumnElement[bool]] = []
        if self.status:
            wanted.append(Invoice.status == self.status)
        if self.since:
            wanted.append(Invoice.due_on >= self.since)
        if self.until:
            wanted.append(Invoice.due_on <= self.until)
        return wanted


def list_invoices(customer: Customer, wanted: InvoiceFilter, page: int) -> Page[Invoice]:
    """Return a page of a customer's issued invoices, newest first; unfiltered totals come from a counter."""
    conditions = [Invoice.customer_id == customer.id, Invoice.number.is_not(None), *wanted.conditions()]
    total = customer.invoice_count
    if len(conditions) > 2:
        total = db.execute(select(func.count()).select_from(Invoice).where(*conditions)).scalar_one()
    newest = (Invoice.issued_at.desc(), Invoice.id.desc())
    ids = select(Invoice.id).where(*conditions).order_by(*newest)
    chosen = ids.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE).subquery()
    rows = select(Invoice).join(chosen, chosen.c.id == Invoice.id).order_by(*newest)
    return Page(db.scalars(rows).all(), page, total)


def all_invoices(customer_id: UUID, wanted: InvoiceFilter, limit: int) -> Sequence[Invoice]:
    """Return up to ``limit`` issued invoices for a file, newest first."""
    query = select(Invoice).where(Invoice.customer_id == customer_id, Invoice.number.is_not(None))
    return db.scalars(query.where(*wanted.conditions()).order_by(Invoice.issued_at.desc()).limit(limit)).all()


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


def lines_of(invoice_id: UUID) -> Sequence[InvoiceLine]:
    """Return the lines of an invoice in order."""
    return db.scalars(
        select(InvoiceLine).where(InvoiceLine.invoice_id == invoice_id).order_by(InvoiceLine.position)
    ).all()


def subscription_of(invoice_id: UUID) -> UUID:
    """Return the key of the subscription that an invoice is for."""
    return db.execute(select(Invoice.subscription_id).where(Invoice.id == invoice_id)).scalar_one()
