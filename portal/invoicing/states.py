"""The states of an invoice and the only moves between them; nothing else assigns its status."""

from typing import Any

from portal.invoicing.models import Invoice
from portal.kit import moves

MOVES: dict[str, set[str]] = {
    "draft": {"open", "paid", "void"},  # paid where what settles it has come before it is issued
    "open": {"paid", "uncollectible"},
    "uncollectible": {"paid"},
    "paid": set(),
    "void": set(),
}
OWED = ("open", "uncollectible")
"""What can still be paid, though the latter is not asked for any more."""


def move(invoice: Invoice, wanted: str, **facts: Any) -> None:
    """Bring a locked invoice into the state ``wanted`` and write it down with ``facts``, what is known by then.

    :raises ForbiddenMove: where the table does not allow it.
    """
    moves.move(invoice, wanted, MOVES, facts)
