"""Running jobs: kept whole or not at all, called outside without a transaction, and never after the lease is lost."""

from typing import Any

import pytest
from sqlalchemy import select, text

from portal.kit import edge, jobs, leases, outbox
from portal.kit.db import db
from portal.kit.jobs import Queue, StagedJob
from tests.support.leases import end_leases
from worker import drain as draining
from worker.drain import drain
from worker.registry import HANDLERS
from worker.runner import Plain, ThreePhase

_OPEN = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in %'")
_EVENTS = text("SELECT count(*) FROM domain_events WHERE subject = 'effect'")


@pytest.fixture
def handlers(committing: None, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The table of handlers, to which a test adds its own."""
    own: dict[str, Any] = {}
    monkeypatch.setattr(draining, "HANDLERS", own)
    return own


def stage(name: str, key: str | None = None, queue: Queue = Queue.DEFAULT) -> None:
    edge.write(lambda: jobs.stage(name, queue=queue, due_at=edge.now(), key=key))


def effect(*_: Any) -> None:
    outbox.record("test.effect", "effect", {}, edge.now())


def job_named(name: str) -> StagedJob:
    return edge.write(lambda: db.scalars(select(StagedJob).where(StagedJob.name == name)).one())


def effects() -> int:
    return edge.write(lambda: int(db.execute(_EVENTS).scalar_one()))


def lose_the_lease(*_: Any) -> bool:
    """Let the sweeper take the job away, as if this worker had slept for an hour."""

    def sweep() -> None:
        end_leases()
        leases.free_expired()

    edge.write(sweep)
    return True


def test_a_plain_job_and_its_effect_are_kept_together(handlers: dict[str, Any]) -> None:
    handlers["good"] = Plain(effect)
    stage("good")
    drain("default", limit=1)
    assert (job_named("good").state, effects()) == ("done", 1)


def test_a_failing_job_leaves_no_effect_and_the_next_goes_on(handlers: dict[str, Any]) -> None:
    def fall(args: Any, now: Any) -> None:
        effect()
        raise ValueError("poison")

    handlers |= {"poison": Plain(fall), "good": Plain(effect)}
    stage("poison")
    stage("good")
    drain("default", limit=2)
    poison = job_named("poison")
    assert (poison.state, poison.attempts, poison.last_error) == ("pending", 1, "ValueError: poison")
    assert (job_named("good").state, effects()) == ("done", 1)


def test_nothing_is_open_while_somebody_outside_is_called(handlers: dict[str, Any]) -> None:
    seen = []

    def send(message: str) -> str:
        seen.append((message, edge.apart(lambda: int(db.execute(_OPEN).scalar_one()))))
        return "answer"

    handlers["call"] = ThreePhase(lambda *_: "message", send, lambda args, answer, now: effect())
    stage("call")
    drain("default", limit=1)
    assert seen == [("message", 0)]
    assert (job_named("call").state, effects()) == ("done", 1)


def test_nothing_to_send_is_done_at_once(handlers: dict[str, Any]) -> None:
    handlers["call"] = ThreePhase(lambda *_: None, lambda message: pytest.fail("called"), lambda *_: effect())
    stage("call")
    drain("default")
    assert (job_named("call").state, effects()) == ("done", 0)


def test_an_answer_that_comes_after_the_lease_is_not_kept(handlers: dict[str, Any]) -> None:
    handlers["slow"] = ThreePhase(lambda *_: "message", lose_the_lease, lambda *_: effect())
    stage("slow")
    drain("default", limit=1)
    assert (job_named("slow").state, effects()) == ("pending", 0)


def test_a_job_whose_lease_ended_in_the_batch_calls_nobody(handlers: dict[str, Any]) -> None:
    calls: list[str] = []
    handlers["first"] = ThreePhase(lambda *_: "message", lose_the_lease, lambda *_: None)
    handlers["second"] = ThreePhase(lambda *_: "message", calls.append, lambda *_: effect())
    stage("first")
    stage("second")
    drain("default", limit=2)
    assert (calls, effects(), job_named("second").state) == ([], 0, "pending")


def test_a_job_nobody_knows_waits_for_a_newer_worker(handlers: dict[str, Any]) -> None:
    stage("of tomorrow")
    drain("default")
    job = job_named("of tomorrow")
    assert (job.state, job.last_error) == ("pending", "no such job")
    assert job.retry_at is not None


def test_a_forged_or_repeated_call_does_nothing(handlers: dict[str, Any]) -> None:
    handlers["good"] = Plain(effect)
    stage("good")
    assert [drain("default"), drain("default")][1] == 0
    assert effects() == 1
    with pytest.raises(ValueError, match="no_such_queue"):
        drain("no_such_queue")


def test_when_its_time_is_over_it_leaves_the_rest_to_the_next(handlers: dict[str, Any]) -> None:
    handlers["good"] = Plain(effect)
    for _ in range(3):
        stage("good", queue=Queue.INTERACTIVE)
    assert drain("interactive", seconds=0) == 0
    assert [drain("interactive", limit=1), effects()] == [1, 1]


def test_a_call_that_stalls_holds_no_other_call_for_a_code(handlers: dict[str, Any]) -> None:
    taken_beside: list[int] = []
    handlers["stalled"] = Plain(lambda *_: taken_beside.append(edge.apart(lambda: len(leases.lease("interactive", 9)))))
    stage("stalled", queue=Queue.INTERACTIVE)
    for _ in range(3):
        stage("good", queue=Queue.INTERACTIVE)
    drain("interactive", limit=1)
    assert taken_beside == [3]


def test_every_job_has_one_handler() -> None:
    assert all(isinstance(handler, Plain | ThreePhase) for handler in HANDLERS.values())
