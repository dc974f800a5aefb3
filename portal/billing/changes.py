"""Changing a running subscription as a confirmed quote says: once paid, or at once where some comes back."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID

from portal.billing import entitlement, holdings, subscriptions
from portal.billing.models import Subscription
from portal.billing.queries import Deal
from portal.billing.states import LISTED, move
from portal.kit import ids, outbox

CHANGED = "billing.subscription_changed"
MOVED = {"tier": "tier_code", "mode": "mode", "extra_branches": "extra_branches"}
"""What of a subscription a change can move: its name in the terms of a quote, and in the table."""


def moves_of(subscription: Subscription, terms: Mapping[str, Any]) -> dict[str, Any]:
    """Return what of a subscription moves by the terms of a change, as its table names it."""
    moved = {column: terms[name] for name, column in MOVED.items() if name in terms}
    return moved | (subscriptions.moves_to(subscription, terms["tier"]) if "tier" in terms else {})


def can_still_be(subscription: Subscription, deal: Deal, now: datetime) -> bool:
    """Whether the period that the quote is about still runs; money for one that ended becomes credit."""
    if subscription.status not in LISTED:
        return False
    running = holdings.running(subscription.id, now)
    return running is not None and str(running) == deal.terms["period"]["id"]


def carry_out(
    subscription: Subscription, deal: Deal, invoice_id: UUID | None, now: datetime, event: str = CHANGED, **more: Any
) -> tuple[date, date]:
    """Move a locked subscription to what the quote says, from the quote's day on, and record that as ``event``; what is
    invoiced of the next period is brought in line by the caller (``advance``).

    :param invoice_id: of what is charged for it; None where something comes back.
    :param more: what else of the subscription moves, by attribute.
    :return: the days of the period that the change is part of, the last one exclusive.
    """
    period = deal.terms["period"]
    holdings.take_up(UUID(period["id"]), holdings.agreed(deal, deal.quoted_on))
    moved = moves_of(subscription, deal.terms)
    move(subscription, subscription.status, **moved, **more, version=subscription.version + 1)
    if deal.buyer is not None:
        entitlement.refresh(subscription, deal.buyer.id, now)
    facts = {
        "tier": subscription.tier_code,
        "business_id": str(deal.buyer.id) if deal.buyer else None,
        "invoice_id": ids.text(invoice_id),
        "lines": deal.terms["lines"],
        "currency": deal.credit.currency,
    } | {name: str(value) if isinstance(value, date) else value for name, value in more.items()}
    outbox.record(event, subscription.public_id, facts, now)
    return date.fromisoformat(period["starts_on"]), date.fromisoformat(period["ends_on"])
