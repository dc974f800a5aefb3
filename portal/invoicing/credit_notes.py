"""Credit notes: what corrects an issued invoice, numbered in a series of their own and never changed afterwards.

A credit note takes down what is still owed first; only what was paid becomes the customer's credit (product.md,
*Proration*).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from portal.invoicing import numbering, queries
from portal.invoicing.errors import CreditTooLarge, InvoiceNotIssued
from portal.invoicing.invoices import Line, rows_of
from portal.invoicing.models import CreditNote, CreditNoteLine, Invoice
from portal.invoicing.states import move
from portal.invoicing.tax import of_change
from portal.kit import ids
from portal.kit.config import Seller
from portal.kit.db import db, table_of
from portal.kit.money import Money, total
from portal.ledger import recipes

_ADD_LINE = insert(table_of(CreditNoteLine))


def issue(
    invoice: Invoice, lines: Sequence[Line], reason: str, seller: Seller, now: datetime, period_id: UUID | None = None
) -> CreditNote:
    """Credit ``lines`` of a locked, issued invoice and book it; the number is taken last.

    :param lines: what is given back, in amounts above zero; one below zero is what is kept of it.
    :param reason: ``change``, ``undo``, ``goodwill`` or ``lapsed``.
    :param period_id: the period for which so much less is invoiced.
    :raises InvoiceNotIssued: it is a draft, which is voided instead.
    :raises CreditTooLarge: the lines come to nothing, or to more than is left of the invoice.
    """
    if invoice.number is None:
        raise InvoiceNotIssued
    amount = total([line.amount for line in lines], invoice.currency)
    if not Money.zero(invoice.currency) < amount <= invoice.not_credited:
        raise CreditTooLarge
    taken_off = min(amount, invoice.due)
    note = CreditNote(
        id=ids.new_id(),
        public_id=ids.public_id("cn"),
        invoice_id=invoice.id,
        customer_id=invoice.customer_id,
        period_id=period_id,
        reason=reason,
        currency=invoice.currency,
        total_amount=amount.amount,
        open_amount=taken_off.amount,
        credit_amount=(amount - taken_off).amount,
        tax_rate=invoice.tax_rate,
        tax_amount=_tax(invoice, amount).amount,
        buyer=invoice.buyer or {},
    )
    recipes.credit_note_issued(note.id, invoice.customer_id, taken_off, amount - taken_off, note.tax, now)
    _count(invoice, amount, taken_off)
    _add_lines(note.id, lines)
    _number(note, seller, now)
    return note


def _tax(invoice: Invoice, amount: Money) -> Money:
    """Return the tax in ``amount``: what the period's invoices hold too much of without it, at this invoice's rate."""
    starts_on, rate = invoice.period_starts_on, invoice.tax_rate
    return -of_change(queries.taxed(invoice.subscription_id, starts_on, rate, invoice.currency), -amount, rate)


def _count(invoice: Invoice, amount: Money, taken_off: Money) -> None:
    """Count a credit note with its invoice. One of which nothing is owed any more is ``paid``, the state of all that is
    settled, whatever settled it: it is not void, which only drafts become, nor uncollectible, since nobody gave it up.
    """
    move(
        invoice,
        "paid" if taken_off == invoice.due else invoice.status,
        credited_amount=invoice.credited_amount + amount.amount,
        credited_open_amount=invoice.credited_open_amount + taken_off.amount,
    )


def _add_lines(note_id: UUID, lines: Sequence[Line]) -> None:
    """Write the lines before the note that they belong to: once it is there the database takes no more."""
    db.execute(_ADD_LINE, [{"credit_note_id": note_id} | row for row in rows_of(lines)])


def _number(note: CreditNote, seller: Seller, now: datetime) -> None:
    """Store a note under the next number; its date and the number's year are the seller's."""
    today = now.astimezone(ZoneInfo(seller.time_zone)).date()
    note.number = numbering.next_number("credit_note", today.year)
    note.seller, note.issued_at, note.issued_on = seller.printed(), now, today
    db.add(note)
    db.flush()
