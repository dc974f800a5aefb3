"""Jobs that keep the house in order: the audit chain, old rows, invariants."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text

from portal.identity import audit, pruning
from portal.insights import invariants, whole_check
from portal.insights.invariants import Violation
from portal.kit import clock, editions, idempotency, jobs, logging
from portal.kit.db import db
from worker.runner import Args, Handler, Plain

SEAL_AUDIT = "housekeeping.seal_audit"
CHECK_RECENT = "housekeeping.check_recent"
CHECK_WHOLE = "housekeeping.check_whole"
PRUNE = "housekeeping.prune"
_OLD_JOBS = text(
    "DELETE FROM staged_jobs WHERE id IN (SELECT id FROM staged_jobs WHERE state = 'done' "
    "AND done_at < clock_timestamp() - interval '2 days' LIMIT 50000)"
)
_TAKE_TIME = text("SET LOCAL statement_timeout = '55s'")
_A_WHILE = 10.0
"""Seconds for which one job goes on checking everything, so that it ends far within its lease."""
log = logging.logger()


def _seal_audit(_: Args, now: datetime) -> None:
    audit.seal(now)


def _check_recent(_: Args, __: datetime) -> None:
    db.execute(_TAKE_TIME)
    _shout(invariants.check_recent())
    if invariants.is_whole_overdue():
        log.error("books_not_checked", check=invariants.WHOLE)


def _check_whole(_: Args, now: datetime) -> None:
    db.execute(_TAKE_TIME)
    found, is_over = whole_check.go_on(_A_WHILE)
    _shout(found)
    if not is_over:
        jobs.stage(CHECK_WHOLE, queue=jobs.Queue.BULK, due_at=now, key=f"{jobs.RECURRING}{CHECK_WHOLE}")


def _shout(found: Sequence[Violation]) -> None:
    for violation in found:
        log.error("invariant_violated", rule=violation.rule, subject=violation.subject, detail=violation.detail)


def _prune(_: Args, __: datetime) -> None:
    db.execute(_OLD_JOBS)
    editions.fold()
    pruning.forget_old(clock.wall())
    idempotency.forget_old(clock.wall())


HANDLERS: dict[str, Handler] = {
    SEAL_AUDIT: Plain(_seal_audit),
    CHECK_RECENT: Plain(_check_recent),
    CHECK_WHOLE: Plain(_check_whole),
    PRUNE: Plain(_prune),
}
