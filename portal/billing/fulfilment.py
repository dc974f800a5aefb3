"""Carrying out what was agreed to: for money, by an invoice that is issued and settled, or for what comes back, by
credit notes."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from typing import Any
from uuid import UUID

from portal.billing import holdings, quotes
from portal.billing.kinds import KINDS
from portal.billing.models import Quote, Subscription
from portal.billing.proration import spread
from portal.billing.queries import Deal, deal
from portal.directory import branches
from portal.invoicing import credit_balance, credit_notes, invoices
from portal.invoicing.invoices import Line
from portal.invoicing.models import Invoice
from portal.kit import config
from portal.kit.money import Money


def stands(invoice: Invoice, subscription: Subscription, deal: Deal, now: datetime) -> bool:
    """Whether a locked invoice can still be paid: same version, and what it is for, its branches and the credit it
    counts on are there."""
    if invoice.status not in ("draft", "open") or invoice.subscription_version != subscription.version:
        return False
    if not KINDS[invoice.kind].stands(subscription, deal, now):
        return False
    credit = deal.credit
    has_credit = not credit or credit <= credit_balance.of(invoice.customer_id, invoice.currency)
    return has_credit and _sells_what_is_there(deal)


def _sells_what_is_there(deal: Deal) -> bool:
    """Whether every branch that is charged still is a further branch; more of them may have come since."""
    charged = set(deal.terms["branches"])
    if not charged or deal.buyer is None:
        return not charged
    return charged <= {str(branch_id) for branch_id in branches.list_extra(deal.buyer.id)}


def fulfil(
    subscription: Subscription, deal: Deal, invoice: Invoice, paid: Money, starts_on: date, now: datetime
) -> None:
    """Issue a locked draft, settle it by credit and ``paid``, and do what it is for.

    The caller books the payment itself; credit and paid must come to the total (the database checks).

    :param starts_on: the first day of a subscription that starts; a change keeps the day of its quote.
    """
    credit_balance.settle(invoice, deal.credit, now)
    span = KINDS[invoice.kind].carry_out(subscription, deal, invoice.id, starts_on, now)
    seller, settlement = config.current().seller, invoices.Settlement(deal.credit, paid)
    invoices.issue(invoice, span, seller, _named(deal), now, settlement)


def _named(deal: Deal) -> dict[str, Any]:
    """Whom the invoice names, as of today."""
    buyer = deal.buyer
    if buyer is None:
        return {"name": deal.customer, "country": ""}
    return {"name": buyer.name, "email": buyer.email, "country": buyer.country}


def give_back(subscription: Subscription, quote: Quote, now: datetime) -> None:
    """Do at once what a quote below zero says, and credit what that leaves over (*Proration*)."""
    agreed, lines = deal(quote.id), quotes.lines_of(quote)
    starts_on, _ = KINDS[quote.kind].carry_out(subscription, agreed, None, quote.quoted_on, now)
    period_id, seller = UUID(agreed.terms["period"]["id"]), config.current().seller
    whole = rest = -quote.total
    for invoice in invoices.lock_of_period(subscription.id, starts_on):
        part = min(rest, invoice.not_credited)
        if part:
            credit_notes.issue(invoice, _part(lines, part, whole), holdings.FOR_CHANGE, seller, now, period_id)
        rest -= part


def _part(lines: Sequence[Line], part: Money, whole: Money) -> list[Line]:
    """Return the lines with what comes back above zero, in the share that one invoice bears."""
    shares = spread(part.amount, [Fraction(-line.amount.amount * part.amount, whole.amount) for line in lines])
    return [replace(line, amount=Money(share, part.currency)) for line, share in zip(lines, shares, strict=True)]
