"""Crediting what a period was invoiced: what is open of it first; only what was paid becomes credit (*Proration*)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fractions import Fraction
from uuid import UUID

from portal.billing import dunning_cases, holdings, open_invoices
from portal.billing.proration import spread
from portal.invoicing import credit_notes, invoices
from portal.invoicing.invoices import Line
from portal.invoicing.models import Invoice
from portal.invoicing.queries import lines_of
from portal.kit import config
from portal.kit.money import Money


@dataclass(frozen=True, slots=True)
class Credited:
    """The period whose invoices are credited."""

    subscription_id: UUID
    period_id: UUID
    starts_on: date


def credit_change(of: Credited, lines: Sequence[Line], amount: Money, now: datetime) -> None:
    """Credit ``amount`` over the invoices of a period; ``lines``, which come to as much below zero, say what for."""
    rest = amount
    for invoice in invoices.lock_of_period(of.subscription_id, of.starts_on):
        part = min(rest, invoice.not_credited)
        if part:
            _credit(of, invoice, _shares(lines, part, -amount), now)
        rest -= part


def credit_whole(of: Credited, invoice: Invoice, now: datetime) -> None:
    """Credit all that is left of a locked invoice, line by line."""
    lines = [
        Line(
            line.code,
            line.quantity,
            Money(line.unit_amount, invoice.currency),
            Money(line.amount, invoice.currency),
            line.derivation,
        )
        for line in lines_of(invoice.id)
    ]
    _credit(of, invoice, _shares(lines, invoice.not_credited, invoice.total), now)


def _credit(of: Credited, invoice: Invoice, lines: Sequence[Line], now: datetime) -> None:
    credit_notes.issue(invoice, lines, holdings.FOR_CHANGE, config.current().seller, now, of.period_id)
    dunning_cases.clear(invoice, now)
    open_invoices.stage_credit(invoice.customer_id, now)


def _shares(lines: Sequence[Line], part: Money, whole: Money) -> list[Line]:
    """Return lines that come to ``whole`` with what each has of ``part`` of that, above zero where it comes back."""
    shares = spread(part.amount, [Fraction(line.amount.amount * part.amount, whole.amount) for line in lines])
    return [replace(line, amount=Money(share, part.currency)) for line, share in zip(lines, shares, strict=True)]
