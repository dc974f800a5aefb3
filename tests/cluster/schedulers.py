"""Schedulers watched from the database: who is in the middle of a round, who only lives on, and what was staged."""

import psycopg
from sqlalchemy import text

from portal.kit.db import db
from tests.support.portal import Portal
from tests.support.processes import eventually

_PATIENCE = 60
_BEATS = 4
"""So many signs of life, while one is held up, come from another: whoever is held up gives one in five seconds."""
_HOLD = "LOCK TABLE staged_jobs IN SHARE MODE"
_ACTING = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'scheduler' "
    "AND wait_event_type = 'Lock' AND query LIKE '%staged_jobs%'"
)
_BEAT = text("SELECT beat_at FROM heartbeats WHERE process = 'scheduler'")
_AGE = text("UPDATE staged_jobs SET created_at = created_at - interval '2 days' WHERE key LIKE 'recurring:%'")
_STAGED = text(
    "SELECT name FROM staged_jobs WHERE key LIKE 'recurring:%' AND created_at > clock_timestamp() - interval '1 day'"
)


def acting_while_jobs_are_held(portal: Portal) -> list[int]:
    """Let nobody write to the jobs, so that a round stands still; how many stood at each look, until others beat."""
    looks, beats = list[int](), set[object]()

    def look() -> bool:
        looks.append(portal.do(lambda: int(db.execute(_ACTING).scalar_one())))
        if looks[-1]:
            beats.add(portal.do(lambda: db.execute(_BEAT).scalar_one()))
        return len(beats) > _BEATS

    with psycopg.connect(portal.settings.database_url) as holder:
        holder.execute(_HOLD)
        assert eventually(look, _PATIENCE), f"no scheduler lives on beside those that act: {max(looks)}"
    return looks


def staged_anew(portal: Portal) -> list[str]:
    """Make everything that recurs due at once, wait until all of it was staged, and give it as often as it was."""
    kinds = set(portal.do(lambda: db.scalars(_STAGED).all()))
    portal.do(lambda: db.execute(_AGE))
    staged = lambda: list(portal.do(lambda: db.scalars(_STAGED).all()))  # noqa: E731
    assert eventually(lambda: set(staged()) == kinds, _PATIENCE), staged()
    return staged()
