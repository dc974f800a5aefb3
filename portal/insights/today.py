"""What waits for an operator right now, counted in one question. It decides nothing and changes nothing."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import text

from portal.kit.db import db


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many of each thing wait; ``rates_on`` is the day of the newest exchange rates, None without any."""

    held: int
    refunds: int
    quarantined: int
    dead_jobs: int
    failing_jobs: int
    unknown_attempts: int
    live_sessions: int
    rates_on: date | None


_WAITING = text("""
SELECT (SELECT count(*) FROM payment_attempts WHERE disposition IN ('held', 'suspense')) AS held,
       (SELECT count(*) FROM payment_refunds WHERE status = 'requested') AS refunds,
       (SELECT count(*) FROM payment_events WHERE status = 'quarantined') AS quarantined,
       (SELECT count(*) FROM staged_jobs WHERE state = 'dead') AS dead_jobs,
       (SELECT count(*) FROM staged_jobs WHERE state = 'pending' AND last_error IS NOT NULL) AS failing_jobs,
       (SELECT count(*) FROM payment_attempts WHERE status = 'unknown') AS unknown_attempts,
       (SELECT count(*) FROM payment_attempts WHERE status IN ('created', 'submitted', 'pending')) AS live_sessions,
       (SELECT max(rate_on) FROM exchange_rates) AS rates_on
""")


def waiting() -> Waiting:
    """Count what waits."""
    return Waiting(**db.execute(_WAITING).mappings().one())
