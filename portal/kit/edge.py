"""The edge: where transactions begin and end. The only file that commits.

A request or a job runs inside ``write``: all of it is kept, or none of it. What must outlive a refusal (a failed
log-in, the audit of it) runs inside ``apart``. A commit that was never answered is looked up, not guessed at.
"""

import math
import time
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm.exc import StaleDataError

from portal.kit import clock, fate, jobs, logging
from portal.kit import db as database
from portal.kit.db import db
from portal.kit.errors import N_, Unavailable
from portal.kit.fate import Fate

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
_NO_LONGER = text(
    "SELECT business_now(), set_config('statement_timeout', :limit, true), set_config('lock_timeout', :limit, true)"
)
"""The time is asked along, as who must hurry needs it as well and every turn counts."""


class _Undone(Exception):
    """The commit never happened: the work may be done again from the start."""


class _Deadline:
    """The end of what all tries together may take: statements that hang are ended by the database at it, and what is
    slow by its way is seen before each try and before the commit.

    The time begins with the first connection, so that the database is judged and not how busy this process is.
    """

    def __init__(self, within: float | None) -> None:
        self._within, self._at = within, math.inf

    def begin_try(self) -> None:
        """Let no statement of this try outlive what is left."""
        if self._within is None:
            return
        self.check()
        db.connection()
        self._at = min(self._at, time.monotonic() + self._within)
        left = max(0.001, self._at - time.monotonic())
        clock.note(db.execute(_NO_LONGER, {"limit": f"{left * 1000:.0f}ms"}).scalar_one())

    def check(self) -> None:
        """Refuse to go on where the time is over."""
        if time.monotonic() > self._at:
            raise Unavailable("slow", N_("We cannot reach our books right now. Nothing was changed."))


def connect(url: str, *, pool_size: int, application: str) -> None:
    """Let this process work on the database at ``url``; see ``kit.db.connect``."""
    database.connect(url, pool_size=pool_size, application=application)


def disconnect() -> None:
    """Give the connections back, where a process goes on without them."""
    database.disconnect()


def now() -> datetime:
    """Return the business time of the transaction that is open, beginning one where none is."""
    return clock.business_now()


def write(work: Callable[[], T], *, keep: Callable[[T], bool] = lambda _: True, within: float | None = None) -> T:
    """Run ``work`` as one transaction, again from the start (at most three times) when the database asks for it.

    :param keep: says of the result whether it is kept; otherwise everything is rolled back.
    :param within: seconds for all tries; a database that takes longer to come to the commit keeps nothing, for one who
        would rather come again than wait.
    :raises Unavailable: the database refused each time or was too slow, or the connection broke in a way that leaves
        it open whether the work was kept; the message says which.
    """
    deadline = _Deadline(within)
    for _ in range(_TRIES):
        began = time.monotonic()
        try:
            deadline.begin_try()
            result = work()
            _end(keep(result), began, deadline)
            return result
        except _Undone:
            continue
        except StaleDataError:  # what the work was about to change is gone: the next look will say so
            _end(False)
        except DBAPIError as error:
            _end(False)
            if getattr(error.orig, "sqlstate", None) not in _AGAIN:
                raise
        except BaseException:
            _end(False)
            raise
    raise Unavailable("busy", N_("Too much is going on at once. Nothing was changed; please try again."))


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


def _end(is_kept: bool, began: float = 0, deadline: _Deadline | None = None) -> None:
    """Commit or roll back, return the connection, and then tell the queues that have new work."""
    woken = jobs.queues_to_wake()
    try:
        if is_kept:
            _commit(began, deadline or _Deadline(None))
        else:
            db.rollback()
    finally:
        db.remove()
    if is_kept:
        jobs.wake(woken)


def _commit(began: float, deadline: _Deadline) -> None:
    """Commit; where the connection breaks instead of answering, find out what became of it (reliability.md).

    :raises _Undone: nothing was kept.
    :raises Unavailable: nobody can tell; or it is too late, and nothing was kept.
    """
    number = db.execute(_LET_TRIGGERS_SPEAK).scalar_one()
    deadline.check()
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
