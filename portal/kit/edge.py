"""The edge: where transactions begin and end. The only file that commits.

A request or a job runs inside ``write``: all of it is kept, or none of it. What must outlive a refusal (a failed
log-in, the audit of it) runs inside ``apart``. A commit that was never answered is looked up, not guessed at.
"""

import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Executable, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError

from portal.kit import clock, fate, jobs, logging
from portal.kit import db as database
from portal.kit.db import db
from portal.kit.errors import N_, Unavailable
from portal.kit.fate import Fate
from portal.kit.jobs import Queue

T = TypeVar("T")
log = logging.logger()
_TRIES = 3
_AGAIN = {"40001", "40P01", "23P01", "55P03"}
"""Serialization failure, deadlock, exclusion (see reliability.md: it shows under races) and lock timeout."""
_LET_TRIGGERS_SPEAK = text(
    "SELECT pg_current_xact_id_if_assigned()::text; SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED"
)
"""Deferred triggers speak before the commit, so that they are also heard in tests that never really commit.

The number is there where something was written; by it the transaction can be found again.
"""


class _Undone(Exception):
    """The commit never happened: the work may be done again from the start."""


def connect(url: str, *, pool_size: int, application: str) -> None:
    """Let this process work on the database at ``url``; see ``kit.db.connect``."""
    database.connect(url, pool_size=pool_size, application=application)


def disconnect() -> None:
    """Give the connections back, where a process goes on without them."""
    database.disconnect()


def now() -> datetime:
    """Return the business time of the transaction that is open, beginning one where none is."""
    return clock.business_now()


def write(work: Callable[[], T], *, keep: Callable[[T], bool] = lambda _: True) -> T:
    """Run ``work`` as one transaction, again from the start (at most three times) when the database asks for it or
    the connection was found dead before the commit.

    :param keep: says of the result whether it is kept; otherwise everything is rolled back.
    :raises Unavailable: the database refused each time, or the connection broke in a way that leaves it open whether
        the work was kept; the message says which.
    """
    for _ in range(_TRIES):
        began = time.monotonic()
        try:
            result = work()
            _end(keep(result), began)
            return result
        except _Undone:
            continue
        except StaleDataError:  # what the work was about to change is gone: the next look will say so
            _end(False)
        except DBAPIError as error:
            _end(False)
            if not _may_begin_anew(error):
                raise
        except BaseException:
            _end(False)
            raise
    raise Unavailable("busy", N_("Too much is going on at once. Nothing was changed; please try again."))


def at_once(statement: Executable, row: Mapping[str, Any], wakes: Queue) -> Any:
    """Run one statement that is a transaction by itself, for who would rather come again than wait.

    It may be run again, at most three times in all, so once kept it must find that it has been.

    :param wakes: told that it has work, where the statement returned a row.
    :return: the row's first value, or None.
    :raises Unavailable: the database refused each time or took longer than such a statement may, which may be kept.
    """
    began = time.monotonic()
    for _ in range(_TRIES):
        try:
            with database.hurried() as connection:
                found = connection.execute(statement, row).scalar_one_or_none()
        except DBAPIError as error:
            if not _may_begin_anew(error):
                raise
        else:
            jobs.wake([] if found is None else [wakes])
            if time.monotonic() - began < database.HURRY:
                return found
        if time.monotonic() - began > database.HURRY:
            break
    raise Unavailable("slow", N_("Our books answer too slowly right now. Please come again."))


def _may_begin_anew(error: DBAPIError) -> bool:
    """Whether nothing was kept, or the work of a single statement may be done again all the same."""
    return getattr(error.orig, "sqlstate", None) in _AGAIN or error.connection_invalidated


def apart(work: Callable[[], T]) -> T:
    """Run ``work`` in a short transaction of its own beside the open one, and keep it whatever becomes of that."""
    outer = db.registry.registry.value if db.registry.has() else None
    db.registry.clear()
    try:
        return write(work)
    finally:
        if outer is not None:
            db.registry.set(outer)


def end() -> None:
    """Give up what is open, if anything: the end of every request that only reads."""
    if db.registry.has():
        _end(False)


def _end(is_kept: bool, began: float = 0) -> None:
    """Commit or roll back, return the connection, and then tell the queues that have new work."""
    woken = jobs.queues_to_wake()
    try:
        if is_kept:
            _commit(began)
        else:
            db.rollback()
    finally:
        db.remove()
    if is_kept:
        jobs.wake(woken)


def _commit(began: float) -> None:
    """Commit; where the connection breaks instead of answering, find out what became of it (reliability.md).

    :raises _Undone: nothing was kept.
    :raises Unavailable: nobody can tell.
    """
    number = db.execute(_LET_TRIGGERS_SPEAK).scalar_one()
    try:
        db.commit()
    except DBAPIError as error:
        if not error.connection_invalidated:
            raise
        found = Fate.KEPT if number is None else fate.find(number, began)
        log.warning("commit_not_answered", fate=found)
        if found is Fate.UNDONE:
            raise _Undone from error
        if found is Fate.UNKNOWN:
            raise Unavailable(
                "unclear",
                N_(
                    "The connection to our books broke at the last moment, and we cannot see whether this was kept. "
                    "Look before you do it again."
                ),
            ) from error
