"""Many invoices at once, by a handful of statements: drafted with their lines and booked, and numbered last.

Each comes to what ``invoices.issue`` would have made of it; nothing of a rule is said here again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.invoicing import numbering
from portal.invoicing.invoices import Basis
from portal.invoicing.models import Invoice, InvoiceLine
from portal.kit import sets
from portal.kit.config import Seller
from portal.kit.db import table_of
from portal.kit.money import Money
from portal.ledger import recipes
from portal.ledger.recipes import Sale

Row = dict[str, Any]
_INVOICE, _LINE = table_of(Invoice), table_of(InvoiceLine)


@dataclass(frozen=True, slots=True)
class Drawn:
    """An invoice that is to be issued: ``lines`` as they are stored, ``credit`` what of its total that settles."""

    id: UUID
    public_id: str
    basis: Basis
    lines: Sequence[Row]
    total: Money
    tax_rate: Decimal
    tax: Money
    credit: Money
    period: tuple[date, date]
    due_on: date
    buyer: dict[str, Any]

    @property
    def is_settled(self) -> bool:
        """Whether credit pays all of it."""
        return self.credit == self.total


def draft_all(drawn: Sequence[Drawn], seller: Seller, now: datetime) -> None:
    """Store drafts with their lines, and book what is owed and settled: ``number_all`` follows, last of all."""
    sets.insert_rows(_INVOICE, [_draft(one, seller, now) for one in drawn])
    sets.insert_rows(_LINE, [{"invoice_id": one.id} | row for one in drawn for row in one.lines])
    sales = (Sale(one.id, one.basis.customer_id, one.total, one.tax, one.credit) for one in drawn)
    recipes.invoices_issued(sales, now)


def _draft(one: Drawn, seller: Seller, now: datetime) -> Row:
    return sets.columns_of(one.basis) | {
        "id": one.id,
        "public_id": one.public_id,
        "status": "draft",
        "total_amount": one.total.amount,
        "credit_amount": 0,
        "paid_amount": 0,
        "tax_rate": one.tax_rate,
        "tax_amount": one.tax.amount,
        "period_starts_on": one.period[0],
        "period_ends_on": one.period[1],
        "due_on": one.due_on,
        "seller": seller.printed(),
        "buyer": one.buyer,
        "created_at": now,
    }


def number_all(drawn: Sequence[Drawn], seller: Seller, now: datetime) -> None:
    """Number drafts in their order. Their date and the numbers' year are the seller's."""
    if not drawn:
        return
    year = now.astimezone(ZoneInfo(seller.time_zone)).year
    numbers = numbering.next_numbers("invoice", year, len(drawn))
    rows = [
        {
            "id": one.id,
            "number": number,
            "status": "paid" if one.is_settled else "open",
            "credit_amount": one.credit.amount,
            "issued_at": now,
            "paid_at": now if one.is_settled else None,
        }
        for one, number in zip(drawn, numbers, strict=True)
    ]
    sets.update_rows(_INVOICE, rows)
