"""Things that have states, and the one way to bring them from one into another: along a table of moves.

A move is written at once, with everything that is known by it, and only over the state that the thing shows.
"""

from collections.abc import Collection, Mapping
from functools import cache
from typing import Any, Protocol

from sqlalchemy import Update, bindparam, inspect, update
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.orm.exc import StaleDataError

from portal.kit.db import Base, db, table_of
from portal.kit.errors import N_, DomainError

Table = Mapping[str, Collection[str]]


class Stateful(Protocol):
    """A thing with a state."""

    status: Any


class ForbiddenMove(DomainError):
    """A thing cannot go from its state to the wanted one; always a programming fault."""

    def __init__(self, thing: str, state: str, wanted: str) -> None:
        super().__init__("forbidden_move", N_("Something unexpected happened. Nothing was changed."))
        self.detail = f"{thing}: {state} -> {wanted}"

    def __str__(self) -> str:
        return self.detail


def check(thing: Stateful, wanted: str, moves: Table) -> None:
    """Make sure that a thing may come into the state ``wanted``; staying where it is needs no permission.

    :raises ForbiddenMove: where the table does not allow it.
    """
    if thing.status != wanted and wanted not in moves[thing.status]:
        raise ForbiddenMove(type(thing).__name__, thing.status, wanted)


def move(thing: Any, wanted: str, moves: Table, facts: Mapping[str, Any]) -> None:
    """Bring a locked ``thing`` into the state ``wanted`` and write it down together with ``facts``, by attribute.

    One constant statement costs a third of what it costs to have the mapper find out what became of an object.

    :raises ForbiddenMove: where the table does not allow it.
    :raises StaleDataError: its row is not in the state that the thing shows; whoever locked it never sees this.
    """
    check(thing, wanted, moves)
    if thing.status == wanted and not facts:
        return
    model: type[Base] = type(thing)
    known = {"status": wanted, **facts}
    columns = inspect(model).columns
    row = {str(columns[name].key): value for name, value in known.items()}
    (key,) = inspect(thing).identity
    written = db.execute(_write(model), row | {"of": key, "was": thing.status})
    if written.rowcount != 1:  # type: ignore[attr-defined]
        raise StaleDataError(f"{model.__name__} is no longer {thing.status}")
    for name, value in known.items():
        set_committed_value(thing, name, value)


@cache
def _write(model: type[Base]) -> Update:
    """Return the statement that writes whatever columns it is given values for."""
    table, (key,) = table_of(model), inspect(model).primary_key
    return update(table).where(key == bindparam("of"), table.c.status == bindparam("was"))
