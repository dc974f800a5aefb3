"""Writing many rows by one statement, which is handed them as one JSON document. Knows nothing of the business."""

import json
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from sqlalchemy import JSON, Column, Table, Text, Update, bindparam, cast, func, literal, select, update
from sqlalchemy.dialects.postgresql import Insert, insert
from sqlalchemy.sql.dml import ReturningInsert
from sqlalchemy.sql.selectable import TableValuedAlias

from portal.kit.db import db

Rows = Sequence[Mapping[str, Any]]


def insert_rows(table: Table, rows: Rows) -> None:
    """Insert rows that all name the same columns; what a column is not given, the database fills in."""
    if rows:
        db.execute(_insert(table, tuple(rows[0])), _document(rows))


def insert_new_rows(table: Table, rows: Rows) -> int:
    """Insert those of the rows, of which there is at least one, that are not there yet; return how many were new."""
    return len(db.execute(_insert_new(table, tuple(rows[0])), _document(rows)).all())


def update_rows(table: Table, rows: Rows) -> None:
    """Update each row by its ``id``, which must be among the same columns that all of ``rows`` name."""
    if rows:
        db.execute(_update(table, tuple(rows[0])), _document(rows))


def columns_of(value: Any) -> dict[str, Any]:
    """Return the fields of a dataclass with slots by their names, shared and not copied as ``asdict`` would."""
    return {name: getattr(value, name) for name in value.__slots__}


def _document(rows: Rows) -> dict[str, str]:
    """Return what the database reads rows from: keys, days, instants and exact numbers as text."""
    return {"rows": json.dumps(rows, default=str, ensure_ascii=False)}


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
    columns = [Column(name, table.c[name].type) for name in names]
    rows = cast(bindparam("rows", type_=Text), JSON)
    return func.json_to_recordset(rows).table_valued(*columns, name="given").render_derived(with_types=True)
