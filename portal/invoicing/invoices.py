"""Invoices: drafted with their lines, issued once with a number, or voided while still a draft."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, insert, select

from portal.invoicing import numbering, queries
from portal.invoicing.errors import InvoiceNotDraft
from portal.invoicing.models import Invoice, InvoiceLine
from portal.invoicing.states import move
from portal.invoicing.tax import of_change
from portal.kit import ids
from portal.kit.config import Seller
from portal.kit.db import FRESH, db, table_of
from portal.kit.money import Money, total
from portal.ledger import recipes


@dataclass(frozen=True, slots=True)
class Line:
    """A line before it belongs to an invoice. ``derivation`` is JSON: the figures the page explains it with."""

    code: str
    quantity: int
    unit: Money
    amount: Money
    derivation: dict[str, Any]


def rows_of(lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Return lines as they are stored, of an invoice or of a credit note, from position 1 on."""
    return [
        {
            "position": position,
            "code": line.code,
            "quantity": line.quantity,
            "unit_amount": line.unit.amount,
            "amount": line.amount.amount,
            "derivation": line.derivation,
        }
        for position, line in enumerate(lines, start=1)
    ]


@dataclass(frozen=True, slots=True)
class Basis:
    """What a draft rests on: agreement, its version, and the quote that was confirmed, where one had to be."""

    customer_id: UUID
    subscription_id: UUID
    subscription_version: int
    quote_id: UUID | None
    kind: str
    currency: str


@dataclass(frozen=True, slots=True)
class Settlement:
    """What settles an invoice, or a part of it: ``credit`` and ``paid`` together, never above its total (the database
    checks). ``carried`` is the part of the credit that was lent for it."""

    credit: Money
    paid: Money
    carried: Money

    def facts(self, now: datetime) -> dict[str, Any]:
        """Return what its invoice says of it."""
        return {
            "credit_amount": self.credit.amount,
            "carried_amount": self.carried.amount,
            "paid_amount": self.paid.amount,
            "paid_at": now,
        }


_ADD = insert(table_of(Invoice))
_ADD_LINE = insert(table_of(InvoiceLine))
_LOCK = select(Invoice).where(Invoice.id == bindparam("invoice_id")).with_for_update()
_LOCK_OF_PERIOD = (
    select(Invoice)
    .where(
        Invoice.subscription_id == bindparam("subscription_id"),
        Invoice.period_starts_on == bindparam("starts_on"),
        Invoice.number.is_not(None),
    )
    .order_by(Invoice.status != "open", Invoice.issued_at.desc(), Invoice.id.desc())
    .with_for_update()
)
_INVOICE = table_of(Invoice).c
_DRAFT = select(_INVOICE.id).where(_INVOICE.subscription_id == bindparam("subscription_id"), _INVOICE.status == "draft")


def draft(basis: Basis, lines: Sequence[Line], now: datetime) -> UUID:
    """Store an unnumbered draft with its lines and return its key; its total is theirs."""
    invoice_id, amount = ids.new_id(), total([line.amount for line in lines], basis.currency)
    row = {"id": invoice_id, "public_id": ids.public_id("inv"), "total_amount": amount.amount, "created_at": now}
    db.execute(_ADD, asdict(basis) | row)
    db.execute(_ADD_LINE, [{"invoice_id": invoice_id} | row for row in rows_of(lines)])
    return invoice_id


def issue(
    invoice: Invoice,
    period: tuple[date, date],
    seller: Seller,
    buyer: dict[str, Any],
    now: datetime,
    settlement: Settlement | None = None,
) -> None:
    """Number a locked draft and book what is owed. Its date and the number's year are the seller's.

    The tax in it is that of what its period comes to with it, less the tax already invoiced (product.md, *Proration*).

    :param settlement: what has settled it already; without any it is open.
    :raises InvoiceNotDraft: it was issued or voided already.
    """
    if invoice.status != "draft":
        raise InvoiceNotDraft
    today = now.astimezone(ZoneInfo(seller.time_zone)).date()
    rate = seller.vat_rate(buyer.get("country", ""))
    tax = of_change(queries.taxed(invoice.subscription_id, period[0], rate, invoice.currency), invoice.total, rate)
    recipes.invoice_issued(invoice.id, invoice.total, tax, now)
    facts = {
        "number": numbering.next_number("invoice", today.year),
        "issued_at": now,
        "due_on": today,
        "period_starts_on": period[0],
        "period_ends_on": period[1],
        "tax_rate": rate,
        "tax_amount": tax.amount,
        "seller": seller.printed(),
        "buyer": buyer,
    }
    if settlement is None:
        move(invoice, "open", **facts)
    else:
        move(invoice, "paid", **facts, **settlement.facts(now))


def settle(invoice: Invoice, part: Settlement, now: datetime) -> None:
    """Count what settles a part of a locked open invoice; once nothing is due of it, it is paid."""
    is_all = invoice.due == part.credit + part.paid
    move(
        invoice,
        "paid" if is_all else invoice.status,
        credit_amount=invoice.credit_amount + part.credit.amount,
        carried_amount=invoice.carried_amount + part.carried.amount,
        paid_amount=invoice.paid_amount + part.paid.amount,
        paid_at=now if is_all else None,
    )


def void(invoice: Invoice) -> None:
    """Withdraw a locked draft; it never counted.

    :raises InvoiceNotDraft: issued invoices are corrected by credit notes, never voided.
    """
    if invoice.status != "draft":
        raise InvoiceNotDraft
    move(invoice, "void")


def lock(invoice_id: UUID) -> Invoice:
    """Lock an invoice and return it as it is now."""
    return db.scalars(_LOCK, {"invoice_id": invoice_id}, execution_options=FRESH).one()


def lock_draft_of(subscription_id: UUID) -> Invoice | None:
    """Lock the draft of a locked subscription; there is at most one."""
    draft_id = db.execute(_DRAFT, {"subscription_id": subscription_id}).scalar_one_or_none()
    return lock(draft_id) if draft_id else None


def lock_of_period(subscription_id: UUID, starts_on: date) -> Sequence[Invoice]:
    """Lock the issued invoices of the period that began on a day: open ones first, then the newest."""
    of = {"subscription_id": subscription_id, "starts_on": starts_on}
    return db.scalars(_LOCK_OF_PERIOD, of, execution_options=FRESH).all()
