"""What became of a transaction whose COMMIT was never answered: PostgreSQL still knows it by its number.

It only asks. What nobody can tell any more stays unknown, because a number may be given out anew after a crash.
"""

import time
from collections.abc import Iterator
from enum import StrEnum

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError

from portal.kit.db import db

PATIENCE = 5.0
"""Seconds in which a connection that broke by itself comes back; a person waits for the answer meanwhile."""
_PAUSE = 0.1
_FATE = text("SELECT pg_xact_status(CAST(:number AS xid8))")
_END = text(
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE backend_xid = CAST(CAST(:number AS xid8) AS xid)"
)
"""A server that has not noticed that we are gone still holds the transaction open; now it gives it up or ends it."""
_STEADY_SECONDS = text("SELECT extract(epoch FROM clock_timestamp() - stats_reset) FROM pg_stat_wal")
"""For how long the server has not crashed: with its recovery these statistics begin anew."""
_NEVER_GIVEN_OUT = "22023"


class Fate(StrEnum):
    """Kept, undone, or nobody knows."""

    KEPT = "kept"
    UNDONE = "undone"
    UNKNOWN = "unknown"


def find(number: str, began: float) -> Fate:
    """Ask what became of the transaction called ``number``, until the database tells or the patience ends.

    :param number: as ``pg_current_xact_id_if_assigned()`` gave it.
    :param began: when the transaction began, by ``time.monotonic()``.
    """
    for said in _answers(number):
        if said == "aborted":
            return Fate.UNDONE
        if said == "committed":
            return Fate.KEPT if _steady_seconds() > time.monotonic() - began else Fate.UNKNOWN
    return Fate.UNKNOWN


def _answers(number: str) -> Iterator[str | None]:
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        try:
            yield _ask(number)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) == _NEVER_GIVEN_OUT:
                yield "aborted"
        time.sleep(_PAUSE)


def _ask(number: str) -> str | None:
    """Return ``committed``, ``aborted``, ``in progress``, or None where it was too long ago."""
    with _engine().connect() as connection:
        connection.execute(_END, {"number": number})
        said: str | None = connection.execute(_FATE, {"number": number}).scalar_one()
        return said


def _steady_seconds() -> float:
    try:
        with _engine().connect() as connection:
            return float(connection.execute(_STEADY_SECONDS).scalar_one())
    except DBAPIError:
        return 0.0


def _engine() -> Engine:
    bind = db.get_bind()
    return bind if isinstance(bind, Engine) else bind.engine
