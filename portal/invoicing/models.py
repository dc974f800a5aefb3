"""Tables of customers, their invoices and credit notes. What is issued is numbered and immutable (0006, 0022)."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.db import Amount, Base, Key
from portal.kit.money import Money


class Customer(Base):
    """Who pays: one per business; has a currency, a time zone and a credit balance (in the ledger)."""

    __tablename__ = "customers"

    id: Mapped[Key]
    public_id: Mapped[str]
    kind: Mapped[str]
    business_id: Mapped[UUID | None]
    currency: Mapped[str]
    time_zone: Mapped[str]
    transaction_count: Mapped[int] = mapped_column(default=0)
    invoice_count: Mapped[int] = mapped_column(default=0)
    credit_note_count: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime]


class Document:
    """What an invoice and a credit note have alike: an amount and the tax in it, at ``tax_rate`` percent."""

    currency: Mapped[str]
    total_amount: Mapped[Amount]
    tax_rate: Mapped[Decimal] = mapped_column(default=Decimal(0))
    tax_amount: Mapped[Amount] = mapped_column(default=0)

    @property
    def total(self) -> Money:
        """What the lines come to."""
        return Money(self.total_amount, self.currency)

    @property
    def tax(self) -> Money:
        """What of the total is tax."""
        return Money(self.tax_amount, self.currency)


class DocumentLine:
    """``quantity`` times ``unit_amount`` is ``amount``; ``derivation`` says in figures how it came about."""

    position: Mapped[int] = mapped_column(primary_key=True)
    code: Mapped[str]
    quantity: Mapped[int]
    unit_amount: Mapped[Amount]
    amount: Mapped[Amount]
    derivation: Mapped[dict[str, Any]]


class Invoice(Document, Base):
    """What is owed: a draft until the transaction that applies its payment issues it."""

    __tablename__ = "invoices"

    id: Mapped[Key]
    public_id: Mapped[str]
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id"))
    subscription_id: Mapped[UUID]
    subscription_version: Mapped[int]
    quote_id: Mapped[UUID | None]
    """What was confirmed; None for a renewal, which nobody has to confirm."""
    kind: Mapped[str]
    status: Mapped[str] = mapped_column(default="draft")
    number: Mapped[str | None]
    credit_amount: Mapped[Amount] = mapped_column(default=0)
    carried_amount: Mapped[Amount] = mapped_column(default=0)
    """The part of ``credit_amount`` that was lent (``carried_account``)."""
    paid_amount: Mapped[Amount] = mapped_column(default=0)
    credited_amount: Mapped[Amount] = mapped_column(default=0)
    credited_open_amount: Mapped[Amount] = mapped_column(default=0)
    period_starts_on: Mapped[date | None]
    period_ends_on: Mapped[date | None]
    seller: Mapped[dict[str, Any] | None]
    buyer: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]
    issued_at: Mapped[datetime | None]
    due_on: Mapped[date | None]
    paid_at: Mapped[datetime | None]

    @property
    def issued_on(self) -> date:
        """The day on which it was issued, where its seller is.

        :raises ValueError: it never was.
        """
        if self.issued_at is None or self.seller is None:
            raise ValueError("a draft has no date")
        return self.issued_at.astimezone(ZoneInfo(self.seller["time_zone"])).date()

    @property
    def due(self) -> Money:
        """What is still owed of it."""
        settled = self.credit_amount + self.paid_amount + self.credited_open_amount
        return Money(self.total_amount - settled, self.currency)

    @property
    def not_credited(self) -> Money:
        """What its credit notes have left of it: no further one may be larger."""
        return Money(self.total_amount - self.credited_amount, self.currency)


class InvoiceLine(DocumentLine, Base):
    """A line of an invoice."""

    __tablename__ = "invoice_lines"

    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.id"), primary_key=True)


class CreditNote(Document, Base):
    """What corrects an issued invoice: ``open_amount`` was still owed of it, ``credit_amount`` became credit."""

    __tablename__ = "credit_notes"

    id: Mapped[Key]
    public_id: Mapped[str]
    invoice_id: Mapped[UUID] = mapped_column(ForeignKey("invoices.id"))
    customer_id: Mapped[UUID] = mapped_column(ForeignKey("customers.id"))
    period_id: Mapped[UUID | None]
    number: Mapped[str]
    reason: Mapped[str]
    open_amount: Mapped[Amount]
    credit_amount: Mapped[Amount]
    seller: Mapped[dict[str, Any]]
    buyer: Mapped[dict[str, Any]]
    issued_at: Mapped[datetime]
    issued_on: Mapped[date]


class CreditNoteLine(DocumentLine, Base):
    """A line of a credit note, in the shape of an invoice's."""

    __tablename__ = "credit_note_lines"

    credit_note_id: Mapped[UUID] = mapped_column(ForeignKey("credit_notes.id"), primary_key=True)
