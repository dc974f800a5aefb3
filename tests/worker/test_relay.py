"""The scheduler's round: recurring work once an interval, the dead's jobs freed, queues told, one round at a time."""

from collections.abc import Iterator
from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from portal.kit import edge, jobs, leases
from portal.kit.db import db
from portal.kit.jobs import Queue
from tests.support.leases import end_leases
from worker import relay
from worker.registry import HANDLERS
from worker.schedule import SCHEDULE

pytestmark = pytest.mark.usefixtures("committing")
_STAGED = text("SELECT name FROM staged_jobs ORDER BY name")
_STATES = text("SELECT state FROM staged_jobs WHERE name = 'work'")
_OLDER = text("UPDATE staged_jobs SET created_at = created_at - make_interval(secs => :seconds), state = 'done'")


@pytest.fixture
def woken() -> Iterator[list[str]]:
    """The queues that were told of work."""
    told: list[str] = []
    jobs.wake_with(told.extend)
    yield told
    jobs.wake_with(lambda queues: None)


def staged() -> list[str]:
    return edge.write(lambda: list(db.scalars(_STAGED)))


def age(seconds: float) -> None:
    edge.write(lambda: db.execute(_OLDER, {"seconds": seconds}))


def test_recurring_work_is_staged_once_an_interval_however_often_it_ticks() -> None:
    for _ in range(3):
        relay.tick()
    assert staged() == sorted(entry.job for entry in SCHEDULE)
    age(timedelta(minutes=2).total_seconds())
    relay.tick()
    often = [entry.job for entry in SCHEDULE if entry.interval <= timedelta(minutes=2)]
    assert staged() == sorted([*(entry.job for entry in SCHEDULE), *often])


def test_everything_recurring_has_a_handler() -> None:
    assert {entry.job for entry in SCHEDULE} <= HANDLERS.keys()


def test_queues_with_due_work_are_told_until_it_is_done(woken: list[str]) -> None:
    relay.tick()
    edge.write(lambda: jobs.stage("work", queue=Queue.INTERACTIVE, due_at=edge.now()))
    for _ in range(2):
        woken.clear()
        relay.tick()
        assert woken == ["bulk", "default", "interactive"]
    edge.write(lambda: [leases.lease(queue, 100) for queue in Queue])
    woken.clear()
    relay.tick()
    assert woken == []


def test_the_work_of_the_dead_comes_back(woken: list[str]) -> None:
    edge.write(lambda: jobs.stage("work", queue=Queue.INTERACTIVE, due_at=edge.now()))
    edge.write(lambda: leases.lease(Queue.INTERACTIVE, 1))
    relay.tick()
    assert edge.write(lambda: list(db.scalars(_STATES))) == ["leased"]
    edge.write(end_leases)
    relay.tick()
    assert edge.write(lambda: list(db.scalars(_STATES))) == ["pending"]
    assert "interactive" in woken


def test_while_another_scheduler_has_its_round_this_one_only_shows_that_it_lives(fresh_database: str) -> None:
    with psycopg.connect(fresh_database) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s)", [relay._LOCK])
        relay.tick()
        assert staged() == []
        assert other.execute("SELECT count(*) FROM heartbeats").fetchone() == (1,)
    relay.tick()
    assert len(staged()) == len(SCHEDULE)
