"""A customer's invoices and credit notes as one list, newest first, read as plain values."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Date, Row, Select, and_, bindparam, case, cast, exists, func, literal, not_, select, union_all

from portal.invoicing.models import CreditNote, CreditNoteLine, Customer, Invoice
from portal.kit.db import db, table_of
from portal.kit.money import Money
from portal.kit.pagination import PAGE_SIZE, Page

CREDITED = "credited"
UNSHOWN = "unshown"
"""What a change is for that ends a plan or hides it: the days that are not shown."""
STATUSES = ("open", "paid", "uncollectible", CREDITED)
_invoice, _note = table_of(Invoice).c, table_of(CreditNote).c
_IS_CREDITED = and_(_invoice.credited_open_amount > 0, _invoice.credited_open_amount == _invoice.total_amount)
_ISSUED_ON = cast(func.timezone(_invoice.seller["time_zone"].astext, _invoice.issued_at), Date)
"""The day it was where the seller is, as on the invoice."""
_line = table_of(CreditNoteLine).c
_OF_PLAN = and_(_line.credit_note_id == _note.id, _line.code != "branch")
_KIND = case(
    (and_(_note.reason == "change", exists().where(_OF_PLAN, _line.quantity < 0),
          not_(exists().where(_OF_PLAN, _line.quantity > 0))), UNSHOWN),
    else_=_note.reason,
)  # fmt: skip
"""The reason, or that it is a change that gives up what a plan is of and takes up nothing instead."""
_KIND_OF = select(_KIND).where(_note.id == bindparam("note_id"))
_INVOICES = select(
    literal(False).label("is_credit_note"), _invoice.public_id, _invoice.number, _invoice.kind,
    case((_IS_CREDITED, CREDITED), else_=_invoice.status).label("status"), _ISSUED_ON.label("issued_on"),
    _invoice.total_amount.label("amount"), _invoice.currency, _invoice.issued_at, _invoice.id,
).where(_invoice.customer_id == bindparam("customer_id"), _invoice.number.is_not(None))  # fmt: skip
_NOTES = select(
    literal(True), _note.public_id, _note.number, _KIND, literal(CREDITED), _note.issued_on,
    -_note.total_amount, _note.currency, _note.issued_at, _note.id,
).where(_note.customer_id == bindparam("customer_id"))  # fmt: skip
_all = union_all(_INVOICES, _NOTES).subquery().c
_CONDITIONS = {
    "status": _all.status == bindparam("status"),
    "since": _all.issued_on >= bindparam("since"),
    "until": _all.issued_on <= bindparam("until"),
}


@dataclass(frozen=True, slots=True)
class DocumentFilter:
    """Which documents are wanted; both days are inclusive and are the document's own date."""

    status: str | None = None
    since: date | None = None
    until: date | None = None

    def given(self) -> dict[str, Any]:
        """Return what is asked for, by name."""
        return {name: value for name in _CONDITIONS if (value := getattr(self, name))}


@dataclass(frozen=True, slots=True)
class Listed:
    """An invoice, or a credit note: its ``total`` is below zero, and its ``kind`` is its reason, see ``kind_of``.

    An invoice that credit notes took down to nothing is ``credited``, as they are.
    """

    is_credit_note: bool
    public_id: str
    number: str
    kind: str
    status: str
    issued_on: date
    total: Money


def kind_of(note: CreditNote) -> str:
    """Return what a credit note is for: its reason, or ``UNSHOWN`` where its lines give up the plan."""
    return str(db.execute(_KIND_OF, {"note_id": note.id}).scalar_one())


def list_documents(customer: Customer, wanted: DocumentFilter, page: int) -> Page[Listed]:
    """Return a page of a customer's documents; unfiltered totals come from the customer's counters."""
    given = wanted.given()
    total = customer.invoice_count + customer.credit_note_count
    if given:
        total = db.execute(_count(frozenset(given)), given | {"customer_id": customer.id}).scalar_one()
    return Page(_read(customer.id, given, PAGE_SIZE, (page - 1) * PAGE_SIZE), page, total)


def all_documents(customer_id: UUID, wanted: DocumentFilter, limit: int) -> Sequence[Listed]:
    """Return up to ``limit`` documents for a file."""
    return _read(customer_id, wanted.given(), limit, 0)


def _read(customer_id: UUID, given: dict[str, Any], most: int, skipped: int) -> list[Listed]:
    asked = given | {"customer_id": customer_id, "most": most, "skipped": skipped}
    return [_listed(row) for row in db.execute(_some(frozenset(given)), asked)]


def _listed(row: Row[Any]) -> Listed:
    money = Money(row.amount, row.currency)
    return Listed(row.is_credit_note, row.public_id, row.number, row.kind, row.status, row.issued_on, money)


@lru_cache
def _count(names: frozenset[str]) -> Select[Any]:
    return select(func.count()).where(*(_CONDITIONS[name] for name in sorted(names)))


@lru_cache
def _some(names: frozenset[str]) -> Select[Any]:
    """Both halves come off their indexes in this order, so that a page reads no more of them than it must."""
    found = select(*_all).where(*(_CONDITIONS[name] for name in sorted(names)))
    return found.order_by(_all.issued_at.desc(), _all.id.desc()).limit(bindparam("most")).offset(bindparam("skipped"))
