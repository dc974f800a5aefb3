"""Staged jobs: one waits for each key, nobody takes another's, the dead's work comes back, poison is given up."""

from collections.abc import Callable
from datetime import timedelta
from threading import Barrier

import psycopg
import pytest
from sqlalchemy import select, update

from portal.kit import edge, jobs, leases
from portal.kit.db import db
from portal.kit.jobs import Queue, StagedJob
from portal.kit.leases import MAX_ATTEMPTS
from tests.support.leases import end_leases
from tests.support.races import at_once

HOUR = timedelta(hours=1)


def stage(key: str | None = None, later: timedelta = timedelta(), name: str = "work") -> None:
    jobs.stage(name, queue=Queue.DEFAULT, due_at=edge.now() + later, key=key, number=1)


def all_jobs() -> list[StagedJob]:
    return list(db.scalars(select(StagedJob).order_by(StagedJob.id), execution_options={"populate_existing": True}))


def states() -> list[str]:
    return sorted(job.state for job in all_jobs())


@pytest.mark.usefixtures("db")
class TestStaging:
    """What is stored when work is staged."""

    def test_of_one_key_one_waits_at_the_earlier_time(self) -> None:
        now = edge.now()
        for later in (HOUR, 2 * HOUR, timedelta(minutes=1)):
            stage("look:1", later)
        assert [job.due_at for job in all_jobs()] == [now + timedelta(minutes=1)]

    def test_without_a_key_each_waits(self) -> None:
        stage()
        stage()
        assert len(all_jobs()) == 2

    def test_a_key_may_wait_again_while_the_first_is_at_work(self) -> None:
        stage("look:1")
        leases.lease(Queue.DEFAULT, 10)
        stage("look:1")
        assert states() == ["leased", "pending"]

    def test_only_what_is_due_is_taken_and_the_oldest_first(self) -> None:
        stage("later", HOUR)
        stage("new", timedelta(seconds=-1))
        stage("old", timedelta(seconds=-9))
        assert [job.key for job in leases.lease(Queue.DEFAULT, 10)] == ["old", "new"]
        assert leases.due_queues() == []

    def test_queues_keep_to_themselves(self) -> None:
        stage()
        assert leases.due_queues() == ["default"]
        assert leases.lease(Queue.INTERACTIVE, 10) == []

    def test_a_wish_to_wake_is_told_once(self) -> None:
        stage()
        stage()
        assert jobs.queues_to_wake() == {"default"}
        assert jobs.queues_to_wake() == set()

    def test_nobody_is_woken_for_what_is_due_later(self) -> None:
        jobs.stage("later", queue=Queue.BULK, due_at=edge.now() + timedelta(hours=1))
        assert jobs.queues_to_wake() == set()


def fail(job: StagedJob) -> None:
    leases.fail(job.id, job.attempts, "away")


def let_die(job: StagedJob) -> None:
    end_leases()
    leases.free_expired()


def bury_and_revive(job: StagedJob) -> None:
    db.execute(update(StagedJob).where(StagedJob.id == job.id).values(state="dead", leased_until=None))
    leases.revive(job.id)


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("end", [fail, let_die, bury_and_revive, lambda job: leases.give_back([job])])
def test_whatever_gives_way_to_its_twin_is_forgotten_in_time(end: Callable[[StagedJob], None]) -> None:
    stage("look:1")
    [job] = leases.lease(Queue.DEFAULT, 1)
    stage("look:1")
    end(job)
    assert sorted((job.state, job.done_at is not None) for job in all_jobs()) == [("done", True), ("pending", False)]


@pytest.mark.usefixtures("db")
class TestEnds:
    """How a leased job ends."""

    def test_a_failure_comes_back_with_a_growing_pause(self) -> None:
        stage()
        pauses = []
        for attempt in range(1, 4):
            [job] = leases.lease(Queue.DEFAULT, 1)
            leases.fail(job.id, attempt, "no luck")
            [job] = all_jobs()
            assert job.retry_at is not None
            pauses.append((job.retry_at - edge.now()) // timedelta(seconds=1) // 2)
            assert leases.lease(Queue.DEFAULT, 1) == []
            db.execute(update(StagedJob).values(retry_at=None))
        assert pauses == [1, 2, 4]

    def test_the_last_failure_buries_it_and_others_go_on(self) -> None:
        stage("poison")
        db.execute(update(StagedJob).values(attempts=MAX_ATTEMPTS - 1))
        stage("good", timedelta(seconds=1))
        [job] = leases.lease(Queue.DEFAULT, 1)
        leases.fail(job.id, job.attempts, "poison")
        assert states() == ["dead", "pending"]

    def test_what_comes_again_by_itself_is_let_go_without_alarm(self) -> None:
        stage(f"{jobs.RECURRING}rates")
        db.execute(update(StagedJob).values(attempts=MAX_ATTEMPTS - 1))
        [job] = leases.lease(Queue.DEFAULT, 1)
        leases.fail(job.id, job.attempts, "away")
        assert [(job.state, job.done_at is not None) for job in all_jobs()] == [("done", True)]

    def test_asked_for_anew_it_waits_no_longer(self) -> None:
        stage("look:1")
        [job] = leases.lease(Queue.DEFAULT, 1)
        leases.fail(job.id, job.attempts, "away")
        assert leases.lease(Queue.DEFAULT, 1) == []
        stage("look:1")
        assert len(leases.lease(Queue.DEFAULT, 1)) == 1

    def test_who_lost_the_lease_can_neither_fail_it_nor_go_on(self) -> None:
        stage()
        [job] = leases.lease(Queue.DEFAULT, 1)
        end_leases()
        leases.free_expired()
        [again] = leases.lease(Queue.DEFAULT, 1)
        leases.fail(job.id, 1, "too late")
        assert (leases.still_leased(again.id, 1), leases.extend(again.id, 1)) == (False, False)
        assert (leases.still_leased(again.id, 2), leases.extend(again.id, 2)) == (True, True)
        assert states() == ["leased"]

    def test_a_living_lease_is_nobody_elses(self) -> None:
        stage()
        leases.lease(Queue.DEFAULT, 1)
        assert leases.free_expired() == 0
        assert leases.lease(Queue.DEFAULT, 1) == []

    def test_given_back_beside_its_twin_it_gives_way(self) -> None:
        stage("look:1")
        leases.lease(Queue.DEFAULT, 1)
        stage("look:1")
        end_leases()
        leases.free_expired()
        assert states() == ["done", "pending"]

    def test_two_of_one_key_whose_workers_both_died_come_back_as_one(self) -> None:
        for _ in range(2):
            stage("look:1")
            leases.lease(Queue.DEFAULT, 1)
        stage("other")
        leases.lease(Queue.DEFAULT, 1)
        end_leases()
        leases.free_expired()
        assert states() == ["done", "pending", "pending"]

    def test_what_kills_its_worker_each_time_is_given_up_too(self) -> None:
        stage("poison")
        for _ in range(MAX_ATTEMPTS):
            assert len(leases.lease(Queue.DEFAULT, 1)) == 1
            end_leases()
            leases.free_expired()
        [job] = all_jobs()
        assert job.state == "dead"
        assert job.last_error


def test_many_takers_at_once_share_the_work_and_take_nothing_twice(committing: None) -> None:
    edge.write(lambda: [stage() for _ in range(40)])
    barrier = Barrier(8)

    def take() -> list[object]:
        barrier.wait(10)
        return [job.id for job in edge.write(lambda: leases.lease(Queue.DEFAULT, 5))]

    taken = [job_id for ids in at_once(*[take] * 8) for job_id in ids]
    assert len(taken) == len(set(taken)) == 40


def test_nobody_waits_for_a_job_that_outlived_its_lease_and_is_still_worked_on(
    committing: None, fresh_database: str
) -> None:
    edge.write(lambda: [stage("slow"), stage("dead")])
    edge.write(lambda: leases.lease(Queue.DEFAULT, 2))
    edge.write(end_leases)
    with psycopg.connect(fresh_database) as worker:
        worker.execute("SELECT FROM staged_jobs WHERE key = 'slow' FOR UPDATE")
        assert edge.write(leases.free_expired) == 1
    assert edge.write(states) == ["leased", "pending"]


def test_of_one_key_one_waits_though_many_stage_it_at_once(committing: None) -> None:
    at_once(*[lambda: edge.write(lambda: stage("look:1"))] * 8)
    assert edge.write(lambda: len(all_jobs())) == 1
