"""The whole database as one digest a table, and a way to try something and take it back: is anything different now?"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache

from sqlalchemy import text

from portal.kit import edge
from portal.kit.db import db

_TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY relname"
_DIGEST = "SELECT '{0}', md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {0} t"


def digests() -> dict[str, str]:
    """A digest of each table's rows, by its name."""
    statement = _statement(str(db.get_bind().engine.url))  # type: ignore[union-attr]
    return edge.write(lambda: dict(db.execute(text(statement)).all()))


@lru_cache(maxsize=4)
def _statement(_database: str) -> str:
    tables = db.scalars(text(_TABLES)).all()
    assert len(tables) > 25
    return " UNION ALL ".join(_DIGEST.format(table) for table in tables)


def changed(before: dict[str, str]) -> set[str]:
    """The names of the tables whose rows are others than ``before``."""
    return {table for table, digest in digests().items() if before[table] != digest}


@contextmanager
def undone() -> Iterator[None]:
    """Take back whatever is done inside, committed or not; for tests over the rolled-back connection of ``db``."""
    db.remove()
    savepoint = db.get_bind().begin_nested()  # type: ignore[union-attr]
    try:
        yield
    finally:
        db.remove()
        savepoint.rollback()
