"""The whole database as one digest a table, and a way to try something and take it back: is anything different now?

For tests over the rolled-back connection of ``db``: PostgreSQL counts what its one transaction has written to each
table, also what was taken back, so that only tables which were written to since need be read again.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from sqlalchemy import text

from portal.kit import edge
from portal.kit.db import db

_WRITTEN = text(
    "SELECT relname, n_tup_ins + n_tup_upd + n_tup_del FROM pg_stat_xact_user_tables WHERE schemaname = 'public'"
)
_DIGEST = "SELECT '{0}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {0} t"


@dataclass(frozen=True)
class Digests:
    """A digest of each table's rows by its name, and how often the transaction had written to it."""

    rows: dict[str, str]
    written: dict[str, int]


def digests() -> Digests:
    """The digests of all tables."""
    return edge.write(lambda: Digests(_rows(_written()), _written()))


def changed(before: Digests) -> set[str]:
    """The names of the tables whose rows are others than ``before``."""
    return edge.write(lambda: _changed(before))


@contextmanager
def undone() -> Iterator[None]:
    """Take back whatever is done inside, committed or not."""
    db.remove()
    savepoint = db.get_bind().begin_nested()  # type: ignore[union-attr]
    try:
        yield
    finally:
        db.remove()
        savepoint.rollback()


def _changed(before: Digests) -> set[str]:
    suspects = {table for table, number in _written().items() if number != before.written[table]}
    return {table for table, digest in _rows(suspects).items() if digest != before.rows[table]}


def _written() -> dict[str, int]:
    found = {table: int(number) for table, number in db.execute(_WRITTEN)}
    assert len(found) > 25
    return found


def _rows(tables: Iterable[str]) -> dict[str, str]:
    return {table: digest for table in tables for table, digest in db.execute(text(_DIGEST.format(table)))}
