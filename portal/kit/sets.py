"""Writing many rows by one statement: each column is handed over as an array. Knows nothing of the business."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import ARRAY, Column, ColumnElement, Table, Update, bindparam, func, literal, select, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.sql.selectable import TableValuedAlias

from portal.kit.db import db

Rows = Sequence[Mapping[str, Any]]


def insert_rows(table: Table, rows: Rows) -> None:
    """Insert rows that all name the same columns; what a column is not given, the database fills in."""
    if rows:
        db.execute(_insert(table, tuple(rows[0])), _arrays(rows))


def insert_new_rows(table: Table, rows: Rows) -> int:
    """Insert those of the rows, of which there is at least one, that are not there yet; return how many were new."""
    return len(db.execute(_insert_new(table, tuple(rows[0])), _arrays(rows)).all())


def update_rows(table: Table, rows: Rows) -> None:
    """Update each row by its ``id``, which must be among the same columns that all of ``rows`` name."""
    if rows:
        db.execute(_update(table, tuple(rows[0])), _arrays(rows))


def _arrays(rows: Rows) -> dict[str, list[Any]]:
    return {f"all_{name}": [row[name] for row in rows] for name in rows[0]}


@lru_cache(maxsize=64)
def _insert(table: Table, names: tuple[str, ...]) -> Insert:
    given = _given(table, names)
    return insert(table).from_select(list(names), select(*given.c), include_defaults=False)


@lru_cache(maxsize=64)
def _insert_new(table: Table, names: tuple[str, ...]) -> ReturningInsert[tuple[int]]:
    return _insert(table, names).on_conflict_do_nothing().returning(literal(1))


@lru_cache(maxsize=64)
def _update(table: Table, names: tuple[str, ...]) -> Update:
    given = _given(table, names)
    changed = {name: given.c[name] for name in names if name != "id"}
    return update(table).values(changed).where(table.c.id == given.c.id)


def _given(table: Table, names: tuple[str, ...]) -> TableValuedAlias:
    columns = [_as_given(table.c[name]) for name in names]
    arrays: list[ColumnElement[Any]] = [bindparam(f"all_{one.name}", type_=ARRAY(one.type)) for one in columns]
    return func.unnest(*arrays).table_valued(*columns, name="given").render_derived()


def _as_given(column: Column[Any]) -> Column[Any]:
    return Column(column.name, column.type)
