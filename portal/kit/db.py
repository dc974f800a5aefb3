"""The one database session of a thread and the base class of all tables.

Domain code adds, reads and flushes through ``db``; beginning and ending transactions is the edge's alone.
"""

from datetime import datetime
from typing import Annotated, Any, ClassVar
from uuid import UUID

from sqlalchemy import BigInteger, DateTime, Engine, MetaData, Table, Text, create_engine
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import DeclarativeBase, Session, mapped_column, scoped_session, sessionmaker

from portal.kit import ids

Key = Annotated[UUID, mapped_column(primary_key=True, default=ids.new_id)]
Amount = Annotated[int, mapped_column(BigInteger)]
"""Minor units of the currency that stands beside it."""


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


def connect(url: str, *, pool_size: int, application: str) -> None:
    """Open a pool to ``url`` and make it the session's bind.

    :param pool_size: connections this process may hold; as many as it has threads that work.
    :param application: shown in ``pg_stat_activity``.
    """
    disconnect()
    engine = create_engine(
        url.replace("postgresql://", "postgresql+psycopg://", 1),
        pool_size=pool_size,
        max_overflow=2,
        pool_pre_ping=True,
        pool_timeout=5,
        hide_parameters=True,
        connect_args={
            "application_name": application,
            "connect_timeout": 5,
            "options": "-c statement_timeout=15s -c lock_timeout=5s -c timezone=UTC "
            "-c idle_in_transaction_session_timeout=60s",
        },
    )
    db.configure(bind=engine, join_transaction_mode="conditional_savepoint")


def disconnect() -> None:
    """Close the session and the pool, if there are any."""
    db.remove()
    bind = db.session_factory.kw.get("bind")
    if isinstance(bind, Engine):
        bind.dispose()
    db.configure(bind=None)
