"""The states of an invoice and the only moves between them; nothing else assigns its status."""

from portal.invoicing.models import Invoice
from portal.kit import moves

MOVES: dict[str, set[str]] = {
    "draft": {"open", "void"},
    "open": {"paid", "uncollectible"},
    "uncollectible": {"paid"},
    "paid": set(),
    "void": set(),
}


def move(invoice: Invoice, wanted: str) -> None:
    """Bring a locked invoice into the state ``wanted``; staying where it is needs no permission.

    :raises ForbiddenMove: where the table does not allow it.
    """
    moves.move(invoice, wanted, MOVES)
