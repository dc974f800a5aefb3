"""The edge: all or nothing, again when the database asks for it, three times at most; beside it what must outlive."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import delete, select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from portal.kit import edge, jobs
from portal.kit.db import db
from portal.kit.errors import Unavailable
from portal.kit.jobs import Queue, StagedJob
from tests.support.races import at_once

pytestmark = pytest.mark.usefixtures("committing")
_NOTE = text("INSERT INTO heartbeats (process) VALUES (:process)")
_NOTES = text("SELECT process FROM heartbeats ORDER BY process")
_FAIL = "DO $$ BEGIN RAISE EXCEPTION 'as ordered' USING ERRCODE = '{}'; END $$"


def note(process: str) -> None:
    db.execute(_NOTE, {"process": process})


def notes() -> list[str]:
    return edge.write(lambda: list(db.scalars(_NOTES)))


def failing(code: str, times: int) -> tuple[Callable[[], str], list[int]]:
    """Work that writes a row and then fails with an SQLSTATE the first ``times`` times."""
    tries: list[int] = []

    def work() -> str:
        note("effect")
        tries.append(len(tries) + 1)
        if len(tries) <= times:
            db.execute(text(_FAIL.format(code)))
        return "done"

    return work, tries


@pytest.mark.parametrize("code", ["40001", "40P01", "23P01", "55P03"])
def test_a13_the_whole_work_is_done_again(code: str) -> None:
    work, tries = failing(code, 2)
    assert edge.write(work) == "done"
    assert (tries, notes()) == ([1, 2, 3], ["effect"])


@pytest.mark.parametrize("code", ["40001", "40P01", "23P01"])
def test_a13_after_the_third_time_it_is_a_503_and_nothing_happened(code: str) -> None:
    work, tries = failing(code, 3)
    with pytest.raises(Unavailable) as refused:
        edge.write(work)
    assert (refused.value.status, refused.value.code) == (503, "busy")
    assert (tries, notes()) == ([1, 2, 3], [])


def test_what_vanished_before_it_could_be_changed_is_looked_for_again() -> None:
    """Two people at one member: one takes them out while the other changes their role."""
    found: list[object] = []
    edge.write(lambda: jobs.stage("once", queue=Queue.BULK, due_at=edge.now()))

    def work() -> str:
        job = db.scalars(select(StagedJob)).one_or_none()
        found.append(job)
        if job is None:
            return "gone"
        edge.apart(lambda: db.execute(delete(StagedJob)))
        job.attempts = 1
        return "changed"

    assert edge.write(work) == "gone"
    assert len(found) == 2


def test_what_is_not_a_race_is_not_tried_again() -> None:
    work, tries = failing("23505", 9)
    with pytest.raises(IntegrityError):
        edge.write(work)
    assert (tries, notes()) == ([1], [])
    with pytest.raises(ProgrammingError):
        edge.write(lambda: db.execute(text("SELECT no_such_thing")))


def test_an_exception_and_a_refused_answer_leave_nothing() -> None:
    def fall() -> None:
        note("lost")
        raise KeyError

    with pytest.raises(KeyError):
        edge.write(fall)
    edge.write(lambda: note("refused"), keep=lambda _: False)
    edge.write(lambda: note("kept"))
    assert notes() == ["kept"]


def test_what_is_written_apart_outlives_the_refusal() -> None:
    def work() -> None:
        note("lost")
        edge.apart(lambda: note("outlives"))
        note("lost too")
        raise KeyError

    with pytest.raises(KeyError):
        edge.write(work)
    assert notes() == ["outlives"]


def test_a_deferred_trigger_speaks_before_the_commit() -> None:
    posting = text("INSERT INTO ledger_postings (id, reference, recipe, occurred_at) VALUES (:id, 'x', 'x', now())")
    with pytest.raises(IntegrityError, match="fewer than two entries"):
        edge.write(lambda: db.execute(posting, {"id": "00000000-0000-0000-0000-000000000001"}))


def test_business_time_is_one_instant_for_a_whole_transaction() -> None:
    def twice() -> bool:
        first = edge.now()
        db.execute(text("SELECT pg_sleep(0.002)"))
        return first == edge.now()

    assert edge.write(twice)
    assert edge.write(edge.now) < edge.write(edge.now)


@pytest.fixture
def woken() -> Iterator[list[str]]:
    told: list[str] = []
    jobs.wake_with(told.extend)
    yield told
    jobs.wake_with(lambda queues: None)


def test_queues_hear_of_work_only_after_its_commit(woken: list[str]) -> None:
    def work() -> None:
        jobs.stage("work", queue=Queue.BULK, due_at=edge.now())
        assert woken == []

    edge.write(work, keep=lambda _: False)
    assert woken == []
    edge.write(work)
    assert woken == ["bulk"]


def test_a13_a_real_deadlock_ends_well_for_both() -> None:
    for name in ("a", "b"):
        edge.write(lambda name=name: note(name))

    def touch(*names: str) -> None:
        for name in names:
            db.execute(text("UPDATE heartbeats SET beat_at = clock_timestamp() WHERE process = :name"), {"name": name})
            db.execute(text("SELECT pg_sleep(0.05)"))

    at_once(lambda: edge.write(lambda: touch("a", "b")), lambda: edge.write(lambda: touch("b", "a")))
