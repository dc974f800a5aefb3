"""Things that have states, and the one way to bring them from one into another: along a table of moves."""

from collections.abc import Collection, Mapping
from typing import Protocol

from portal.kit.errors import N_, DomainError


class Stateful(Protocol):
    """A thing with a state."""

    status: str


class ForbiddenMove(DomainError):
    """A thing cannot go from its state to the wanted one; always a programming fault."""

    def __init__(self, thing: str, state: str, wanted: str) -> None:
        super().__init__("forbidden_move", N_("Something unexpected happened. Nothing was changed."))
        self.detail = f"{thing}: {state} -> {wanted}"

    def __str__(self) -> str:
        return self.detail


def move(thing: Stateful, wanted: str, moves: Mapping[str, Collection[str]]) -> None:
    """Bring a locked ``thing`` into the state ``wanted``; staying where it is needs no permission.

    :raises ForbiddenMove: where the table does not allow it.
    """
    if thing.status == wanted:
        return
    if wanted not in moves[thing.status]:
        raise ForbiddenMove(type(thing).__name__, thing.status, wanted)
    thing.status = wanted
