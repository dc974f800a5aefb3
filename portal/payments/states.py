"""The states of payment things and the only moves between them; nothing else assigns a status."""

from typing import Any

from portal.kit import moves
from portal.payments.models import (
    MembershipTransaction,
    PaymentAttempt,
    PaymentEvent,
    PaymentMethod,
    PaymentSession,
)

Thing = PaymentSession | PaymentAttempt | MembershipTransaction | PaymentEvent | PaymentMethod
_ENDED = {"paid", "review"}  # money comes even after the end (product.md, Sessions and stray money)

MOVES: dict[type, dict[str, set[str]]] = {
    PaymentSession: {
        "created": {"open", "cancelled", "expired", "failed"} | _ENDED,
        "open": {"processing", "cancelled", "expired", "failed"} | _ENDED,
        "processing": {"open", "cancelled", "expired", "failed"} | _ENDED,
        "expired": _ENDED,
        "cancelled": _ENDED,
        "failed": _ENDED,
        "paid": set(),
        "review": {"paid"},  # money that nobody answered about for a day comes after all
    },
    PaymentAttempt: {
        "created": {"submitted", "closing", "closed", "succeeded"},
        "submitted": {"pending", "unknown", "declined", "closing", "succeeded"},
        "unknown": {"submitted", "pending", "declined", "closing", "closed", "succeeded"},
        "pending": {"closing", "closed", "declined", "succeeded"},
        "closing": {"closed", "succeeded"},
        "declined": {"succeeded"},
        "closed": {"succeeded"},
        "succeeded": set(),
    },
    MembershipTransaction: {
        "pending": {"completed", "failed", "cancelled"},
        "failed": {"completed"},
        "cancelled": {"completed"},
        "completed": {"refunded"},
        "refunded": set(),
    },
    PaymentMethod: {
        "created": {"open", "expired", "failed"},
        "open": {"active", "expired"},
        "active": {"removing"},
        "removing": {"removed"},
        "removed": set(),
        "expired": set(),
        "failed": set(),
    },
    PaymentEvent: {
        "received": {"applied", "ignored", "quarantined"},
        "applied": set(),
        "ignored": set(),
        "quarantined": set(),
    },
}
LIVE_SESSION = ("created", "open", "processing")
LIVE_ATTEMPT = ("created", "submitted", "pending", "unknown")


def move(thing: Thing, wanted: str, **facts: Any) -> None:
    """Bring ``thing`` into the state ``wanted`` and write it down with ``facts``, what is known by then.

    :raises ForbiddenMove: where the table does not allow it.
    """
    moves.move(thing, wanted, MOVES[type(thing)], facts)
