"""Staged jobs: work to be done later, stored in the transaction that causes it.

The rows are the truth; RQ only hears that a queue has work. It refuses arguments that are not JSON and does not
know what any job does (see ``worker/registry.py``).
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Index, Insert, Select, Text, bindparam, delete, func, literal, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit import clock, ids, logging, sets
from portal.kit.db import Base, Key, db, table_of

RECURRING = "recurring:"
"""What the key of a job begins with that comes again by itself, so that giving one up is no alarm."""


class Queue(StrEnum):
    """Where a job waits: a slow provider or a million renewals must never block a payer."""

    INTERACTIVE = "interactive"
    MONEY = "money"
    """For booking what has come in: whatever works here calls nobody, so that money never waits for a provider."""
    DEFAULT = "default"
    BULK = "bulk"


class StagedJob(Base):
    """A job: ``pending`` until leased, then ``done``, or ``dead`` after too many attempts."""

    __tablename__ = "staged_jobs"
    __table_args__ = (
        Index("staged_jobs_due_idx", "queue", "due_at", postgresql_where=text("state = 'pending'")),
        Index("staged_jobs_key_idx", "key", unique=True, postgresql_where=text("state = 'pending'")),
    )

    id: Mapped[Key]
    queue: Mapped[str]
    name: Mapped[str]
    args: Mapped[dict[str, Any]]
    key: Mapped[str | None]
    state: Mapped[str] = mapped_column(default="pending")
    due_at: Mapped[datetime]
    """Business time from which it may run."""
    retry_at: Mapped[datetime | None]
    """Wall time before which it is not tried again."""
    attempts: Mapped[int] = mapped_column(default=0)
    leased_until: Mapped[datetime | None]
    last_error: Mapped[str | None]
    request_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    done_at: Mapped[datetime | None]


_STAGE = insert(table_of(StagedJob))
_STAGE_ONE_OF_A_KEY = _STAGE.on_conflict_do_update(
    index_elements=["key"],
    index_where=text("state = 'pending'"),
    set_={"due_at": func.least(StagedJob.due_at, _STAGE.excluded.due_at), "retry_at": None},
)
_waker: Callable[[Iterable[str]], None] = lambda queues: None  # noqa: E731


def wake_with(waker: Callable[[Iterable[str]], None]) -> None:
    """Set what tells the queues that they have work; without one, the scheduler finds the rows by itself."""
    global _waker
    _waker = waker


def stage(
    name: str, *, queue: Queue, due_at: datetime, key: str | None = None, **args: str | int | bool | None
) -> None:
    """Store a job in the open transaction.

    :param due_at: business time from which it may run.
    :param key: while a job of this key waits, a second one is not stored; the earlier of the two times counts.
    :param args: ids and small values; never amounts that may have moved when it runs.
    """
    row = {
        "id": ids.new_id(),
        "queue": queue,
        "name": name,
        "args": args,
        "key": key,
        "due_at": due_at,
        "request_id": logging.request_id(),
    }
    db.execute(_STAGE if key is None else _STAGE_ONE_OF_A_KEY, row)
    if not clock.is_ahead(due_at):  # later it is the scheduler that rings
        wake_for(queue)


def drop(key: str) -> None:
    """Forget the job of this key that waits, if one does: what it was for is over."""
    db.execute(delete(StagedJob).where(StagedJob.key == key, StagedJob.state == "pending"))


def stage_all(name: str, *, queue: Queue, due_at: datetime, args: Sequence[dict[str, str]]) -> None:
    """Store a job for each of ``args``, none of which may wait already, by one statement."""
    row = {"queue": str(queue), "name": name, "due_at": due_at, "request_id": logging.request_id()}
    of_all = {"state": "pending", "attempts": 0}
    sets.insert_rows(table_of(StagedJob), [{"id": ids.new_id(), "args": one, **row, **of_all} for one in args])
    if args and not clock.is_ahead(due_at):
        wake_for(queue)


def wake_for(queue: str) -> None:
    """See to it that ``queue`` is told of its work when the open transaction is kept."""
    db.info.setdefault("wake", set()).add(str(queue))


def staged_for(name: str, *, queue: Queue, subjects: Select[tuple[UUID]], argument: str) -> Insert:
    """Return what stores a job, due now, for each of ``subjects``: for a statement that causes jobs by itself.

    :param argument: the name under which the job is given the id.
    The statement wants ``request_id`` as a parameter. Nobody is woken by it.
    """
    subject = subjects.subquery().c[0].cast(Text)
    row = {
        "id": func.gen_random_uuid(),
        "queue": literal(str(queue)),
        "name": literal(name),
        "args": func.jsonb_build_object(argument, subject),
        "key": literal(f"{name}:") + subject,
        "state": literal("pending"),
        "due_at": func.business_now(),
        "attempts": literal(0),
        "request_id": bindparam("request_id", type_=Text),
    }
    return insert(table_of(StagedJob)).from_select(list(row), select(*row.values()), include_defaults=False)


def queues_to_wake() -> set[str]:
    """Return the queues that the open transaction staged work for."""
    found: set[str] = db.info.pop("wake", set())
    return found


def wake(queues: Iterable[str]) -> None:
    """Tell each of ``queues`` that it has work."""
    for_sure = sorted(queues)
    if for_sure:
        _waker(for_sure)
