"""Business time on its way to a target: nothing due is passed over, and the sandbox comes along."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import select

from portal.billing.queries import newest_period
from portal.billing.renewals import ANNOUNCED, KIND
from portal.currency import rates
from portal.invoicing.models import Invoice
from portal.kit import clock, clock_target, config, edge, jobs, leases
from portal.kit.db import db
from portal.kit.jobs import StagedJob
from portal.kit.outbox import DomainEvent
from tests.support import proving
from tests.support.portal import Portal
from worker import clock_steps


@pytest.fixture
def moving(portal: Portal) -> Portal:
    """The product, knowing where its sandbox listens."""
    config.use(replace(portal.settings, sandbox_port=urlsplit(portal.sandbox.url).port))
    return portal


def head_for(step: timedelta) -> datetime:
    def begin() -> datetime:
        until = edge.now() + step
        clock_target.head_for(until)
        return until

    return edge.write(begin)


def arrive(portal: Portal) -> list[datetime]:
    """Step and work in turn until the target is reached; return the instants on the way."""
    instants = []
    while clock_steps.step():
        instants.append(edge.write(edge.now))
        portal.settle()
    return instants


def test_everything_due_on_the_way_happens_and_the_sandbox_follows(moving: Portal) -> None:
    public_id = moving.open_session()
    until = head_for(timedelta(hours=proving.times(6, 48)))

    arrive(moving)

    assert moving.session(public_id).status == "expired"
    assert edge.write(edge.now) >= until
    assert edge.write(clock_target.find) is None
    ahead = edge.write(clock.offset).total_seconds()
    assert moving.sandbox.clock()["offset"] == pytest.approx(ahead, abs=1)


def test_money_that_arrives_on_the_way_is_taken_in(moving: Portal) -> None:
    public_id = moving.open_session()
    moving.sandbox.pay(moving.order(public_id), delay=600)
    head_for(timedelta(minutes=30))

    arrive(moving)

    assert moving.session(public_id).status == "paid"


def test_each_days_rates_are_fetched(moving: Portal) -> None:
    head_for(timedelta(days=9))

    arrive(moving)

    newest = edge.write(rates.newest_day)
    assert newest is not None
    assert edge.write(edge.now).date() - newest <= timedelta(days=4)
    assert edge.write(lambda: rates.newest("GBP", "CNY", edge.now())).on == newest


def test_each_period_is_announced_and_invoiced_at_its_instant(moving: Portal) -> None:
    public_id = moving.open_session()
    moving.sandbox.pay(moving.order(public_id))
    moving.sandbox.settle()
    moving.settle()
    first = moving.do(lambda: newest_period(moving.session(public_id).subscription_id))
    assert first is not None
    head_for(first.ends_at - timedelta(days=8) - moving.do(edge.now))
    arrive(moving)
    moving.do(lambda: clock_target.head_for(first.ends_at + timedelta(days=31)))

    arrive(moving)

    query = select(Invoice.issued_at).where(Invoice.kind == KIND).order_by(Invoice.issued_at)
    issued = moving.do(lambda: list(db.scalars(query)))
    told = moving.do(lambda: list(db.scalars(select(DomainEvent.occurred_at).where(DomainEvent.name == ANNOUNCED))))
    assert _days_before(first.ends_at, told[:1] + issued[:1]) == [7, 3]
    assert (len(told), len(issued)) == (1, 1), "it is not paid, and what is suspended is not invoiced"


def _days_before(start: datetime, instants: list[datetime]) -> list[float]:
    """How many whole days before ``start`` each was, a minute more or less."""
    return [round((start - instant) / timedelta(days=1), 2) for instant in instants]


def stage_nowhere(due_at: datetime) -> None:
    jobs.stage("tests.nowhere", queue=jobs.Queue.BULK, due_at=due_at)


def test_it_waits_for_what_is_due_and_stops_at_each_due_instant(moving: Portal) -> None:
    began = edge.write(edge.now)
    edge.write(lambda: stage_nowhere(began + timedelta(hours=1)))
    head_for(timedelta(hours=3))

    clock_steps.step()
    first = edge.write(edge.now)
    clock_steps.step()
    still = edge.write(edge.now)

    assert timedelta(hours=1) <= first - began < timedelta(hours=1, seconds=30)
    assert still - first < timedelta(seconds=30)
    forget_the_job()


def test_a_job_that_fails_and_fails_is_not_waited_for(moving: Portal) -> None:
    edge.write(lambda: stage_nowhere(edge.now()))

    def exhaust() -> None:
        job = db.scalars(select(StagedJob).where(StagedJob.name == "tests.nowhere")).one()
        job.attempts, job.retry_at = 5, clock.wall() + timedelta(minutes=5)

    edge.write(exhaust)
    until = head_for(timedelta(hours=3))
    arrive(moving)

    assert edge.write(edge.now) >= until
    forget_the_job()


def test_nothing_moves_while_the_sandbox_is_away(moving: Portal) -> None:
    config.use(replace(moving.settings, sandbox_port=9))
    head_for(timedelta(hours=3))

    assert clock_steps.step() is False
    assert edge.write(clock.offset) == timedelta()
    assert edge.write(clock_target.find) is not None
    edge.write(clock_target.stop)


def test_without_a_target_and_outside_the_sandbox_nothing_happens(moving: Portal) -> None:
    assert clock_steps.step() is False
    head_for(timedelta(hours=3))
    config.use(replace(moving.settings, is_sandbox=False))

    assert clock_steps.step() is False
    assert edge.write(clock.offset) == timedelta()


def forget_the_job() -> None:
    """The oracle would rightly ask why it waits."""

    def forget() -> None:
        db.delete(db.scalars(select(StagedJob).where(StagedJob.name == "tests.nowhere")).one())

    edge.write(forget)


def test_months_are_passed_through_in_order(moving: Portal) -> None:
    due = [datetime.now(UTC) + timedelta(days=days) for days in (3, 10, 20)]
    for instant in due:
        edge.write(lambda instant=instant: stage_nowhere(instant))  # type: ignore[misc]
    head_for(timedelta(days=30))
    seen = []
    while clock_steps.step():
        seen.append(edge.write(edge.now))
        for job in edge.write(lambda: leases.lease("bulk", 10)):
            edge.write(lambda job=job: leases.finish(job.id))  # type: ignore[misc]
        moving.settle()

    assert all(any(abs(instant - stop) < timedelta(minutes=1) for stop in seen) for instant in due)
    assert seen == sorted(seen)
