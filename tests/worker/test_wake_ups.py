"""Redis carries wake-ups in JSON and nothing that could run (reliability.md G15)."""

import json
import pickle
import signal
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import redis
from rq import Queue, SimpleWorker
from rq.serializers import JSONSerializer
from sqlalchemy import text

from portal.cli.ports import free_ports
from portal.kit import edge, jobs, wake
from portal.kit.db import db as session
from worker import wake_ups
from worker.jobs.housekeeping import SEAL_AUDIT

_STATE = text("SELECT state FROM staged_jobs WHERE name = :name")
_ATTEMPTS = text("SELECT attempts FROM staged_jobs WHERE name = :name")
Forged = dict[str, str | bytes]


@pytest.fixture
def shelf(worker_redis: str) -> Iterator[redis.Redis]:
    """This process's Redis, empty; RQ's workers take the signals of this process, which gets them back."""
    wishes = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    connection = redis.Redis.from_url(worker_redis)
    connection.flushdb()
    yield connection
    connection.flushdb()
    for number, handler in wishes.items():
        signal.signal(number, handler)


@pytest.fixture
def due(db: None) -> Callable[[], str]:
    """A due job of the queue `default`; call it for the job's state."""
    edge.write(lambda: jobs.stage(SEAL_AUDIT, queue=jobs.Queue.DEFAULT, due_at=edge.now()))
    return lambda: str(edge.write(lambda: session.scalar(_STATE, {"name": SEAL_AUDIT})))


def listen(shelf: redis.Redis) -> None:
    wake_ups.listener("default", shelf).work(burst=True, logging_level="CRITICAL")
    assert shelf.llen("rq:queue:default") == 0


class Bomb:
    """Does something where it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return Path.touch, (str(self.path),)


def call(function: str, *arguments: str) -> bytes:
    return zlib.compress(json.dumps([function, None, arguments, {}]).encode())


def forgeries(path: Path) -> dict[str, Forged]:
    """Messages that would touch ``path`` or call an address of a stranger if a worker did what they say."""
    hook = json.dumps([{"url": f"http://127.0.0.1:{free_ports(1)[0]}/", "events": ["finished"]}])
    return {
        "another function": {"data": call("os.mkdir", str(path))},
        "pickle": {"data": zlib.compress(pickle.dumps(Bomb(path)))},
        "a pickled result": {"data": call("os.getpid"), "result": pickle.dumps(Bomb(path))},
        "a callback": {"data": call(wake.DRAIN, "nowhere"), "failure_callback_name": "os.mkdir"},
        "more than a queue": {"data": call(wake.DRAIN, "default", str(path))},
        "a queue that is none": {"data": call(wake.DRAIN, str(path))},
        "an address to call": {"data": call("os.getpid"), "webhooks": hook},
        "noise": {"data": b"\x00\x01\x02", "timeout": "never"},
        "nothing": {"status": "queued"},
    }


def test_g15_a_forged_message_runs_nothing(
    shelf: redis.Redis, due: Callable[[], str], tmp_path: Path, saw: Callable[[str], None]
) -> None:
    path = tmp_path / "touched"
    forged = forgeries(path)
    for number, message in enumerate(forged.values()):
        shelf.hset(f"rq:job:forged{number}", mapping=message)
        shelf.rpush("rq:queue:default", f"forged{number}")
    listen(shelf)

    assert not path.exists()
    assert due() == "pending"
    saw(f"{len(forged)} kinds of forged messages taken from the queue, none of them run")


def test_g15_our_own_messages_are_json_and_drain(shelf: redis.Redis, due: Callable[[], str], worker_redis: str) -> None:
    wake.waker(worker_redis)(["default"])
    [key] = shelf.keys("rq:job:*")
    assert json.loads(zlib.decompress(shelf.hget(key, "data"))) == [wake.DRAIN, None, ["default"], {}]

    listen(shelf)
    assert due() == "done"


def test_drains_that_wait_already_do_the_work_staged_since(
    shelf: redis.Redis, due: Callable[[], str], worker_redis: str
) -> None:
    """However often a queue is rung, no more drains wait than processes serve it, and nothing is left lying."""
    ring = wake.waker(worker_redis)
    for _ in range(10):
        ring(["default"])
    assert shelf.llen("rq:queue:default") == 2
    edge.write(lambda: jobs.stage("none", queue=jobs.Queue.DEFAULT, due_at=edge.now()))
    ring(["default"])
    assert shelf.llen("rq:queue:default") == 2

    listen(shelf)
    assert due() == "done"
    assert edge.write(lambda: session.scalar(_ATTEMPTS, {"name": "none"})) == 1
    ring(["default"])
    assert shelf.llen("rq:queue:default") == 1


def test_what_is_no_drain_keeps_a_queue_from_being_rung_only_until_it_is_taken(
    shelf: redis.Redis, due: Callable[[], str], worker_redis: str
) -> None:
    """The scheduler rings each second, and a worker throws away what it does not believe."""
    ring = wake.waker(worker_redis)
    shelf.rpush("rq:queue:default", "nobody", "nothing")
    ring(["default"])
    listen(shelf)
    assert due() == "pending"

    ring(["default"])
    listen(shelf)
    assert due() == "done"


def test_g15_the_same_messages_do_run_in_a_worker_that_believes_them(shelf: redis.Redis, tmp_path: Path) -> None:
    """The forgeries are real ones: plain RQ does what the first of them says."""
    path = tmp_path / "touched"
    shelf.hset("rq:job:forged", mapping=forgeries(path)["another function"])
    shelf.rpush("rq:queue:default", "forged")
    queue = Queue("default", connection=shelf, serializer=JSONSerializer)
    SimpleWorker([queue], connection=shelf, serializer=JSONSerializer).work(burst=True, logging_level="CRITICAL")

    assert path.exists()
