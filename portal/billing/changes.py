"""Changing a running subscription's tier as a confirmed quote says: once paid, or at once where some comes back."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from fractions import Fraction
from uuid import UUID

from portal.billing import entitlement, holdings
from portal.billing.models import Subscription
from portal.billing.proration import spread
from portal.billing.queries import Deal
from portal.billing.states import move
from portal.invoicing import credit_notes, invoices
from portal.invoicing.invoices import Line
from portal.kit import config, outbox
from portal.kit.money import Money, total

CHANGED = "billing.subscription_changed"


def can_still_be(subscription: Subscription, deal: Deal, now: datetime) -> bool:
    """Whether the period that the quote is about still runs; money for one that ended becomes credit."""
    if subscription.status != "active":
        return False
    running = holdings.running(subscription.id, now)
    return running is not None and str(running) == deal.terms["period"]["id"]


def give_back(subscription: Subscription, deal: Deal, lines: Sequence[Line], now: datetime) -> None:
    """Move a locked subscription to a smaller tier at once, and credit what that leaves over (*Proration*)."""
    starts_on, _ = carry_out(subscription, deal, None, now)
    period_id, seller = UUID(deal.terms["period"]["id"]), config.current().seller
    whole = rest = -total([line.amount for line in lines], deal.credit.currency)
    for invoice in invoices.lock_of_period(subscription.id, starts_on):
        part = min(rest, invoice.not_credited)
        if part:
            credit_notes.issue(invoice, _part(lines, part, whole), holdings.FOR_CHANGE, seller, now, period_id)
        rest -= part


def _part(lines: Sequence[Line], part: Money, whole: Money) -> list[Line]:
    """Return the lines with what comes back above zero, in the share that one invoice bears."""
    shares = spread(part.amount, [Fraction(-line.amount.amount * part.amount, whole.amount) for line in lines])
    return [replace(line, amount=Money(share, part.currency)) for line, share in zip(lines, shares, strict=True)]


def carry_out(subscription: Subscription, deal: Deal, invoice_id: UUID | None, now: datetime) -> tuple[date, date]:
    """Move a locked subscription to the quote's tier from the quote's day on.

    :param invoice_id: of what is charged for it; None where something comes back.
    :return: the days of the period that the change is part of, the last one exclusive.
    """
    tier, period = deal.terms["tier"], deal.terms["period"]
    holdings.take_up(UUID(period["id"]), holdings.agreed(deal, deal.quoted_on))
    move(subscription, "active", tier_code=tier, version=subscription.version + 1)
    if deal.buyer is not None:
        entitlement.refresh(subscription, deal.buyer.id, now)
    facts = {
        "tier": tier,
        "business_id": str(deal.buyer.id) if deal.buyer else None,
        "invoice_id": str(invoice_id) if invoice_id else None,
        "lines": deal.terms["lines"],
        "currency": deal.credit.currency,
    }
    outbox.record(CHANGED, subscription.public_id, facts, now)
    return date.fromisoformat(period["starts_on"]), date.fromisoformat(period["ends_on"])
