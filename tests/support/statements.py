"""Counting what a page asks of the database: the number must not grow with what the page lists."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import event

from portal.kit.db import db


@contextmanager
def counted() -> Iterator[list[str]]:
    """The statements that run inside."""
    statements: list[str] = []
    bind = db.get_bind()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        statements.append(statement)

    event.listen(bind, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(bind, "before_cursor_execute", note)
