"""The one database session of a thread and the base class of all tables.

Domain code adds, reads and flushes through ``db``; beginning and ending transactions is the edge's alone.
"""

import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Annotated, Any, ClassVar, NamedTuple
from uuid import UUID

from sqlalchemy import BigInteger, Connection, DateTime, Engine, MetaData, Table, Text, create_engine, event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, scoped_session, sessionmaker
from sqlalchemy.pool import ConnectionPoolEntry

from portal.kit import ids

Key = Annotated[UUID, mapped_column(primary_key=True, default=ids.new_id)]
Amount = Annotated[int, mapped_column(BigInteger)]
"""Minor units of the currency that stands beside it."""
FRESH = {"populate_existing": True}
"""Option of a read that replaces what is known of its rows already by what they are now, such as of one that locks."""


class Base(DeclarativeBase):
    """Base of every table; names of constraints follow one convention so that migrations can name them."""

    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_name)s_fkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "ck": "%(table_name)s_%(constraint_name)s_check",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        datetime: DateTime(timezone=True),
        dict[str, Any]: JSONB,
        list[Any]: JSONB,
        str: Text,
    }


def table_of(model: type[Base]) -> Table:
    """Return the table of a model, for constant statements that write rows which nobody reads back as objects.

    They take a third of the processor's time that adding an object takes.
    """
    table = model.__table__
    if not isinstance(table, Table):
        raise TypeError(f"{model.__name__} has no table of its own")
    return table


db: scoped_session[Session] = scoped_session(sessionmaker(expire_on_commit=False))
hurried: Callable[[], AbstractContextManager[Connection]]
"""Opens a connection for single statements that would rather fail than wait; each is kept as soon as it is done."""
HURRY = 0.7
"""Seconds that such a statement may take, or wait for a lock or for a connection."""
_AT_REST = 1.0
"""Seconds after which a connection that nobody used is asked whether it lives: a turn that each transaction would pay.
Who meets one that died within them begins anew (``edge.write``) or is told so, and then all of the pool are new."""

_engines: list[Engine] = []


def connect(url: str, *, pool_size: int, application: str) -> None:
    """Open the pools to ``url`` and make them the sessions' binds; a connection is opened when it is first wanted.

    :param pool_size: connections this process may hold of either kind; as many as it has threads that work.
    :param application: shown in ``pg_stat_activity``.
    """
    global hurried
    disconnect()
    usual = _engine(url, application, _Limits(statement=15, lock=5), pool_size=pool_size, pool_timeout=5)
    db.configure(bind=usual, join_transaction_mode="conditional_savepoint")
    limits = _Limits(statement=HURRY, lock=HURRY)
    at_once = {"isolation_level": "AUTOCOMMIT", "skip_autocommit_rollback": True}
    hurried = _engine(url, application, limits, pool_size=pool_size, pool_timeout=HURRY, **at_once).connect


class _Limits(NamedTuple):
    """Seconds that the database lets a connection spend on a statement, and on waiting for a lock."""

    statement: float
    lock: float


def _engine(url: str, application: str, limits: _Limits, **options: Any) -> Engine:
    engine = create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        max_overflow=2,
        hide_parameters=True,
        use_native_hstore=False,  # looked for at the first connection, and nobody has any
        connect_args={
            "application_name": application,
            "connect_timeout": 5,
            "options": f"-c statement_timeout={limits.statement * 1000:.0f} -c lock_timeout={limits.lock * 1000:.0f} "
            "-c timezone=UTC -c idle_in_transaction_session_timeout=60s",
        },
        **options,
    )
    _ask_who_rested(engine)
    _engines.append(engine)
    return engine


def _ask_who_rested(engine: Engine) -> None:
    """See to it that a connection that rested for long lives when it is taken, or is replaced with all the others."""

    @event.listens_for(engine, "checkin")
    def rest(_: object, record: ConnectionPoolEntry) -> None:
        record.info["rests_since"] = time.monotonic()

    @event.listens_for(engine, "checkout")
    def ask(connection: DBAPIConnection, record: ConnectionPoolEntry, _: object) -> None:
        rests_since = record.info.pop("rests_since", None)
        if rests_since is None or time.monotonic() - rests_since < _AT_REST:
            return
        try:
            engine.dialect.do_ping(connection)
        except engine.dialect.loaded_dbapi.Error as error:
            raise InvalidatePoolError from error


def disconnect() -> None:
    """Close the session and the pools, if there are any."""
    db.remove()
    db.configure(bind=None)
    while _engines:
        _engines.pop().dispose()
