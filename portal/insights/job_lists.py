"""The staged jobs as operators look at them: how many wait where, and which of them are in trouble."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from portal.kit.db import db


@dataclass(frozen=True, slots=True)
class QueueCounts:
    """A queue's jobs: due now, waiting for their time, being worked on, given up."""

    queue: str
    due: int
    later: int
    leased: int
    dead: int


@dataclass(frozen=True, slots=True)
class TroubledJob:
    """A job that failed: ``dead`` or waiting for its next try; ``id`` is also what the logs call it."""

    id: UUID
    name: str
    queue: str
    state: str
    attempts: int
    last_error: str
    due_at: datetime
    retry_at: datetime | None


_COUNTS = text("""
SELECT queue, count(*) FILTER (WHERE state = 'pending' AND due_at <= business_now()) AS due,
       count(*) FILTER (WHERE state = 'pending' AND due_at > business_now()) AS later,
       count(*) FILTER (WHERE state = 'leased') AS leased, count(*) FILTER (WHERE state = 'dead') AS dead
  FROM staged_jobs WHERE state <> 'done' GROUP BY queue
""")
_TROUBLED = text("""
SELECT id, name, queue, state, attempts, coalesce(last_error, '') AS last_error, due_at, retry_at
  FROM staged_jobs WHERE state = 'dead' OR (state IN ('pending', 'leased') AND last_error IS NOT NULL)
 ORDER BY state = 'dead' DESC, created_at DESC LIMIT :limit
""")


def counts() -> dict[str, QueueCounts]:
    """Return the counts of every queue that has jobs left."""
    return {row["queue"]: QueueCounts(**row) for row in db.execute(_COUNTS).mappings()}


def troubled(limit: int = 100) -> Sequence[TroubledJob]:
    """Return the jobs in trouble, given-up ones first, newest first."""
    return [TroubledJob(**row) for row in db.execute(_TROUBLED, {"limit": limit}).mappings()]
