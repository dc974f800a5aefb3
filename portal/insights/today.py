"""What waits for an operator right now, counted in one question. It decides nothing and changes nothing."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text

from portal.kit.db import db


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of each thing wait; ``rates_on`` is the day of the newest exchange rates, None without any.

    ``asked_at`` is the wall time at which what was written was last checked, ``all_asked_at`` that at which everything
    was; ``is_unasked`` and ``is_all_unasked`` say that this was longer ago than it should be.
    """

    held: int
    refunds: int
    quarantined: int
    dead_jobs: int
    failing_jobs: int
    unknown_attempts: int
    live_sessions: int
    rates_on: date | None
    asked_at: datetime | None
    is_unasked: bool
    all_asked_at: datetime | None
    is_all_unasked: bool


_WAITING = text("""
SELECT (SELECT count(*) FROM payment_attempts WHERE disposition IN ('held', 'suspense')) AS held,
       (SELECT count(*) FROM payment_refunds WHERE status = 'requested') AS refunds,
       (SELECT count(*) FROM payment_events WHERE status = 'quarantined') AS quarantined,
       (SELECT count(*) FROM staged_jobs WHERE state = 'dead') AS dead_jobs,
       (SELECT count(*) FROM staged_jobs WHERE state = 'pending' AND last_error IS NOT NULL) AS failing_jobs,
       (SELECT count(*) FROM payment_attempts WHERE status = 'unknown') AS unknown_attempts,
       (SELECT count(*) FROM payment_attempts WHERE status IN ('created', 'submitted', 'pending')) AS live_sessions,
       (SELECT max(rate_on) FROM exchange_rates) AS rates_on,
       checks.asked_at, checks.all_asked_at,
       coalesce(checks.asked_at < clock_timestamp() - interval '5 minutes', true) AS is_unasked,
       coalesce(checks.all_asked_at < clock_timestamp() - interval '26 hours', true) AS is_all_unasked
  FROM (SELECT max(asked_at) FILTER (WHERE name = 'recent') AS asked_at,
               max(asked_at) FILTER (WHERE name = 'whole') AS all_asked_at FROM invariant_checks) checks
""")


def waiting() -> Waiting:
    """Count what waits."""
    return Waiting(**db.execute(_WAITING).mappings().one())
