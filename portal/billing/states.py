"""The states of a subscription, of a grace of its products and of what it is dunned for, and the only moves."""

from typing import Any

from portal.billing.models import DunningCase, ProductGrace, Subscription
from portal.kit import moves

MOVES: dict[str, set[str]] = {
    "incomplete": {"active", "cancelled"},
    "active": {"past_due", "cancelled"},
    "past_due": {"active", "suspended", "cancelled"},
    "suspended": {"active", "cancelled"},
    "cancelled": set(),
}
GRACE_MOVES: dict[str, set[str]] = {
    "running": {"hidden", "ended"},
    "hidden": {"ended"},
    "ended": set(),
}
CASE_MOVES: dict[str, set[str]] = {
    "running": {"suspended", "closed"},
    "suspended": {"closed"},
    "closed": set(),
}
LISTED = ("active", "past_due")
"""In these it runs and, unless it hibernates, is shown to the public."""


def is_listed(mode: str, status: str) -> bool:
    """Whether the public sees what a subscription is for (product.md, *Hibernation*)."""
    return mode == "awake" and status in LISTED


def move(subscription: Subscription, wanted: str, **facts: Any) -> None:
    """Bring a locked subscription into the state ``wanted`` and write it down with ``facts``, what is known by then.

    :raises ForbiddenMove: where the table does not allow it.
    """
    moves.move(subscription, wanted, MOVES, facts)


def move_grace(grace: ProductGrace, wanted: str, **facts: Any) -> None:
    """Bring a grace of a locked subscription into the state ``wanted`` and write it down with ``facts``.

    :raises ForbiddenMove: where the table does not allow it.
    """
    moves.move(grace, wanted, GRACE_MOVES, facts)


def move_case(case: DunningCase, wanted: str, **facts: Any) -> None:
    """Bring a locked case of dunning into the state ``wanted`` and write it down with ``facts``.

    :raises ForbiddenMove: where the table does not allow it.
    """
    moves.move(case, wanted, CASE_MOVES, facts)
