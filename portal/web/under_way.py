"""A payment under way: while it lasts no page offers what would be refused until it ends, and each leads to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import url_for

from portal.payments import sessions

if TYPE_CHECKING:
    from portal.billing.models import Subscription


def address(subscription: Subscription | None) -> str | None:
    """Return the page of the payment that may still be made for a subscription; None where there is none."""
    live = sessions.live_of_subscription(subscription.id) if subscription else None
    return url_for("pay.show", session=live.public_id) if live else None
