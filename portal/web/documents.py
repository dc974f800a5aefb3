"""Receipts, invoices and credit notes as their readers see them: who, what for, each line explained, what is due."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from portal.invoicing import documents, queries
from portal.invoicing.line_words import ShownLine
from portal.kit import i18n
from portal.kit.money import Money
from portal.web import wording
from portal.web.language import language

if TYPE_CHECKING:
    from portal.directory.models import Business
    from portal.invoicing.models import CreditNote, DocumentLine, Invoice
    from portal.kit.config import Seller
    from portal.payments.models import MembershipTransaction, PaymentSession


@dataclass(frozen=True, slots=True)
class Party:
    """Who sells or buys, as it stood when the document was issued."""

    name: str
    address: str
    email: str | None
    vat_number: str | None


@dataclass(frozen=True, slots=True)
class Related:
    """Another document that this one names: an invoice by its credit notes, a credit note by its invoice."""

    public_id: str
    number: str
    issued_on: date
    total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A printable receipt, invoice or credit note. Sums that are None are not shown."""

    kind: str
    number: str
    status: str | None = None
    issued_on: date
    seller: Party
    buyer: Party
    lines: list[ShownLine]
    total: Money
    tax: Money | None = None
    tax_rate: str | None = None
    period_start: date | None = None
    period_end: date | None = None
    credit_used: Money | None = None
    carried: Money | None = None
    """What is owed with the next payment instead."""
    paid: Money | None = None
    along: Money | None = None
    """What the same payment paid beside it, as that was owed from before."""
    taken_off: Money | None = None
    """What credit notes took off what was owed."""
    due: Money | None = None
    to_credit: Money | None = None
    """What a credit note gave to the customer's credit."""
    collected: Money | None = None
    rate: str | None = None
    rate_on: date | None = None
    paid_at: datetime | None = None
    method_name: str | None = None
    order_id: str | None = None
    reason: str | None = None
    invoice: Related | None = None
    credit_notes: Sequence[Related] = ()
    pay_url: str | None = None


def of_invoice(
    kind: str, invoice: Invoice, transaction: MembershipTransaction | None, session: PaymentSession | None
) -> Document:
    """Return an issued invoice, or the receipt for it, with what paid it."""
    currency = invoice.currency
    shown = Document(
        kind=kind,
        number=str(invoice.number),
        status=_status(invoice) if kind == "invoice" else None,
        issued_on=invoice.issued_on,
        seller=_party(invoice.seller or {}),
        buyer=_party(invoice.buyer or {}),
        period_start=invoice.period_starts_on,
        period_end=invoice.period_ends_on - timedelta(days=1) if invoice.period_ends_on else None,
        lines=_lines(queries.lines_of(invoice.id), currency),
        total=invoice.total,
        tax=_amount(invoice.tax_amount, currency),
        tax_rate=i18n.percent_text(invoice.tax_rate, language()),
        credit_used=_amount(invoice.credit_amount - invoice.carried_amount, currency),
        carried=_amount(invoice.carried_amount, currency),
        paid=_amount(invoice.paid_amount, currency),
        along=_amount(session.arrears_amount, currency) if session is not None else None,
        taken_off=_amount(invoice.credited_open_amount, currency),
        due=invoice.due or None,
        paid_at=invoice.paid_at,
        method_name=wording.method_name(transaction.method) if transaction else None,
        order_id=transaction.order_id if transaction else None,
        credit_notes=[_named(note) for note in queries.credit_notes_of(invoice.id)],
    )
    return _with_rate(shown, session) if session is not None and session.rate is not None else shown


def of_credit(
    transaction: MembershipTransaction, session: PaymentSession, draft: Invoice, business: Business, seller: Seller
) -> Document:
    """Return the receipt for money that was to become credit: nothing was sold by it, so its draft is never issued.

    Both parties are as of today.
    """
    currency, paid_at = session.owed.currency, session.paid_at or session.created_at
    shown = Document(
        kind="receipt",
        number=transaction.order_id,
        issued_on=paid_at.astimezone(ZoneInfo(seller.time_zone)).date(),
        seller=_party(seller.printed()),
        buyer=_party({"name": business.name, "email": business.email}),
        lines=_lines(queries.lines_of(draft.id), currency),
        total=draft.total,
        credit_used=_amount(transaction.amount - transaction.cost_amount, currency),
        along=_amount(session.arrears_amount, currency),
        paid=session.owed - session.arrears,
        to_credit=session.owed,
        paid_at=paid_at,
        method_name=wording.method_name(transaction.method),
        reason=wording.type_title(transaction.type),
    )
    return _with_rate(shown, session) if session.rate is not None else shown


def of_credit_note(note: CreditNote, invoice: Invoice) -> Document:
    """Return a credit note of an invoice."""
    lines = queries.lines_of_credit_note(note.id)
    return Document(
        kind="credit_note",
        number=note.number,
        issued_on=note.issued_on,
        seller=_party(note.seller),
        buyer=_party(note.buyer),
        lines=_lines(lines, note.currency),
        total=note.total,
        tax=_amount(note.tax_amount, note.currency),
        tax_rate=i18n.percent_text(note.tax_rate, language()),
        taken_off=_amount(note.open_amount, note.currency),
        to_credit=_amount(note.credit_amount, note.currency),
        reason=wording.reason_title(documents.kind_of(note)),
        invoice=Related(invoice.public_id, str(invoice.number), invoice.issued_on, invoice.total),
    )


def _status(invoice: Invoice) -> str:
    """An invoice that credit notes took down to nothing was not paid, though nothing is owed of it."""
    return "credited" if invoice.credited_open_amount == invoice.total_amount > 0 else invoice.status


def _with_rate(shown: Document, session: PaymentSession) -> Document:
    return replace(shown, collected=session.asked, rate=str(session.rate), rate_on=session.rate_on)


def _named(note: CreditNote) -> Related:
    return Related(note.public_id, note.number, note.issued_on, note.total)


def _lines(lines: Sequence[DocumentLine], currency: str) -> list[ShownLine]:
    return [
        wording.shown_line(
            line.code,
            line.quantity,
            Money(line.unit_amount, currency),
            Money(line.amount, currency),
            line.derivation,
        )
        for line in lines
    ]


def _party(facts: dict[str, Any]) -> Party:
    return Party(facts.get("name", ""), facts.get("address", ""), facts.get("email"), facts.get("vat_number"))


def _amount(amount: int, currency: str) -> Money | None:
    return Money(amount, currency) if amount else None
