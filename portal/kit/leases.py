"""Working on staged jobs: a job is leased, and then done, put back with a pause, or given up.

A lease that ran out belongs to nobody: whoever held it finds out before anything of his is kept.
"""

import random
from collections.abc import Collection, Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, and_, case, delete, exists, func, or_, select, update
from sqlalchemy.orm import aliased

from portal.kit import logging
from portal.kit.db import db
from portal.kit.jobs import RECURRING, StagedJob, wake_for

MAX_ATTEMPTS = 30
"""With pauses up to an hour this outlives the outage of a night."""
LEASE = timedelta(seconds=60)
log = logging.logger()

_IS_DUE = and_(
    StagedJob.state == "pending",
    StagedJob.due_at <= func.business_now(),
    or_(StagedJob.retry_at.is_(None), StagedJob.retry_at <= func.clock_timestamp()),
)


def lease(queue: str, limit: int) -> list[StagedJob]:
    """Take up to ``limit`` due jobs of ``queue`` for a minute, oldest first, skipping what others are taking."""
    due = (
        select(StagedJob.id)
        .where(StagedJob.queue == queue, _IS_DUE)
        .order_by(StagedJob.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = db.scalars(
        update(StagedJob)
        .where(StagedJob.id.in_(due))
        .values(state="leased", leased_until=func.clock_timestamp() + LEASE, attempts=StagedJob.attempts + 1)
        .returning(StagedJob)
    ).all()
    return sorted(taken, key=lambda job: job.due_at)


def still_leased(job_id: UUID, attempt: int) -> bool:
    """Lock the job's row and say whether this attempt still owns it: a lease that ran out belongs to somebody else."""
    query = select(StagedJob.id).where(
        StagedJob.id == job_id, StagedJob.state == "leased", StagedJob.attempts == attempt
    )
    return db.execute(query.with_for_update()).first() is not None


def extend(job_id: UUID, attempt: int) -> bool:
    """Give this attempt a full lease from now on; False where the job belongs to somebody else already."""
    mine = (StagedJob.id == job_id, StagedJob.state == "leased", StagedJob.attempts == attempt)
    query = update(StagedJob).where(*mine).values(leased_until=func.clock_timestamp() + LEASE)
    return db.execute(query.returning(StagedJob.id)).first() is not None


def finish(job_id: UUID) -> None:
    """Mark the job done, in the transaction of its effect.

    Where it staged itself anew, the new row stands for both: who asks every ten seconds leaves one row, not hundreds.
    """
    follows = aliased(StagedJob)
    is_followed = exists().where(follows.key == StagedJob.key, follows.state == "pending")
    if db.execute(delete(StagedJob).where(StagedJob.id == job_id, is_followed).returning(StagedJob.id)).first():
        return
    db.execute(
        update(StagedJob)
        .where(StagedJob.id == job_id)
        .values(state="done", done_at=func.clock_timestamp(), leased_until=None)
    )


def _into(state: ColumnElement[str]) -> dict[str, Any]:
    """Return the values of a row that nobody works on any more; by its instant, what is done is forgotten in time."""
    return {"state": state, "done_at": case((state == "done", func.clock_timestamp())), "leased_until": None}


def _given_back(together: Collection[UUID] = ()) -> ColumnElement[str]:
    """Return the state of a job that is given back: ``dead`` after too many attempts, else ``pending``.

    It is ``done`` where another of its key waits in its place, or will, because it is given back ``together`` with it.
    """
    twin = aliased(StagedJob)
    returns = and_(twin.id.in_(together), twin.id < StagedJob.id, twin.attempts < MAX_ATTEMPTS)
    has_twin = exists().where(twin.key == StagedJob.key, or_(twin.state == "pending", returns))
    is_over = StagedJob.attempts >= MAX_ATTEMPTS
    comes_again = and_(is_over, StagedJob.key.startswith(RECURRING))
    return case((comes_again, "done"), (is_over, "dead"), (has_twin, "done"), else_="pending")


def fail(job_id: UUID, attempt: int, error: str) -> None:
    """Put the job back with a growing pause (2, 4, 8 … seconds, at most an hour, each a little longer by chance so
    that an outage's jobs do not all come back together), or give it up as dead."""
    pause = timedelta(seconds=min(2**attempt, 3600)) * (1 + random.random() / 10)  # noqa: S311 - not a secret
    failed = db.execute(
        update(StagedJob)
        .where(StagedJob.id == job_id, StagedJob.state == "leased", StagedJob.attempts == attempt)
        .values(
            **_into(_given_back()),
            last_error=error[:2000],
            retry_at=func.clock_timestamp() + pause,
        )
        .returning(StagedJob.id, StagedJob.name, StagedJob.state)
    )
    _shout_of_dead(failed.all())


def give_back(unbegun: Iterable[StagedJob]) -> None:
    """Give back leased jobs that nobody began, as if they had never been taken."""
    for job in unbegun:
        mine = (StagedJob.id == job.id, StagedJob.state == "leased", StagedJob.attempts == job.attempts)
        db.execute(update(StagedJob).where(*mine).values(**_into(_waits_again()), attempts=StagedJob.attempts - 1))


def free_expired() -> int:
    """Give back jobs whose worker died with them; return how many there were.

    One whose row is locked is still being worked on, though its lease is over: nobody waits for it here.
    """
    abandoned = and_(StagedJob.state == "leased", StagedJob.leased_until < func.clock_timestamp())
    together = db.scalars(select(StagedJob.id).where(abandoned).with_for_update(skip_locked=True)).all()
    error = case((StagedJob.attempts >= MAX_ATTEMPTS, "its worker died each time"), else_=StagedJob.last_error)
    freed = update(StagedJob).where(StagedJob.id.in_(together))
    freed = freed.values(**_into(_given_back(together)), last_error=error)
    found = db.execute(freed.returning(StagedJob.id, StagedJob.name, StagedJob.state)).all()
    _shout_of_dead(found)
    return len(found)


def _shout_of_dead(given_back: Sequence[Row[UUID, str, str]]) -> None:
    """Tell the logs, which somebody is alarmed by, of each job that nobody will try again by himself."""
    for job_id, name, state in given_back:
        if state == "dead":
            log.error("job_given_up", given_up=str(job_id), name=name)


def revive(job_id: UUID) -> str | None:
    """Let a job that was given up be tried again from the beginning; it is done where another of its key waits.

    :return: its name; None where no dead job has this id (any more).
    """
    query = (
        update(StagedJob)
        .where(StagedJob.id == job_id, StagedJob.state == "dead")
        .values(**_into(_waits_again()), attempts=0, retry_at=None)
        .returning(StagedJob.name, StagedJob.queue)
    )
    found = db.execute(query).one_or_none()
    if found is None:
        return None
    name, queue = found
    wake_for(queue)
    return str(name)


def _waits_again() -> ColumnElement[str]:
    """Return the state of a job that may wait again: ``pending``, or ``done`` where another of its key waits."""
    twin = aliased(StagedJob)
    return case((exists().where(twin.key == StagedJob.key, twin.state == "pending"), "done"), else_="pending")


def due_queues() -> list[str]:
    """Return the queues that have due jobs."""
    return list(db.scalars(select(StagedJob.queue).where(_IS_DUE).distinct()))
