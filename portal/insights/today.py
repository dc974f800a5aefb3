"""What waits for an operator right now, counted in one question. It decides nothing and changes nothing."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import text

from portal.kit.db import db


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of each thing wait; ``rates_on`` is the day of the newest exchange rates, None without any.

    ``asked_at`` is the wall time at which the rules of the books were last asked; ``is_unasked`` says that this was
    longer ago than it should be.
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


_WAITING = text("""
SELECT (SELECT count(*) FROM payment_attempts WHERE disposition IN ('held', 'suspense')) AS held,
       (SELECT count(*) FROM payment_refunds WHERE status = 'requested') AS refunds,
       (SELECT count(*) FROM payment_events WHERE status = 'quarantined') AS quarantined,
       (SELECT count(*) FROM staged_jobs WHERE state = 'dead') AS dead_jobs,
       (SELECT count(*) FROM staged_jobs WHERE state = 'pending' AND last_error IS NOT NULL) AS failing_jobs,
       (SELECT count(*) FROM payment_attempts WHERE status = 'unknown') AS unknown_attempts,
       (SELECT count(*) FROM payment_attempts WHERE status IN ('created', 'submitted', 'pending')) AS live_sessions,
       (SELECT max(rate_on) FROM exchange_rates) AS rates_on, checks.asked_at,
       coalesce(checks.asked_at < clock_timestamp() - interval '5 minutes', true) AS is_unasked
  FROM (SELECT max(asked_at) AS asked_at FROM invariant_checks) checks
""")


def waiting() -> Waiting:
    """Count what waits."""
    return Waiting(**db.execute(_WAITING).mappings().one())
