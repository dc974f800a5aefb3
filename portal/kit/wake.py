"""Telling RQ that a queue has work. Losing the message is harmless: the scheduler finds the rows."""

import atexit
import time
from collections.abc import Callable, Iterable
from queue import Empty, SimpleQueue
from threading import Thread

import redis
from rq import Queue
from rq.serializers import JSONSerializer

from portal.kit import logging

DRAIN = "worker.drain.drain"
_ENOUGH = 2
"""So many drains wait in a queue at most, as many as its busiest one has processes. One that still waits begins after
our commit and finds what we staged; another would find nothing."""
_SILENCE = 2.0
"""Seconds; the scheduler rings every second of its own accord."""
_REST = 0.01
"""Seconds from one round of the bell to the next: whoever asks meanwhile is asked for together."""
Wake = Callable[[Iterable[str]], None]
log = logging.logger()


def waker(redis_url: str) -> Wake:
    """Return what sees to it that a drain waits for each queue named; while Redis is away it says so and goes on.

    After a failure nobody rings for a while: who waits for a Redis that hangs would wait in vain.
    """
    connection = redis.Redis.from_url(redis_url, socket_timeout=1, socket_connect_timeout=1)
    silent_until = 0.0

    def wake(queues: Iterable[str]) -> None:
        nonlocal silent_until
        if time.monotonic() < silent_until:
            return
        try:
            for name in queues:
                if _is_in_want(connection, name):
                    queue = Queue(name, connection=connection, serializer=JSONSerializer)
                    queue.enqueue(DRAIN, name, result_ttl=0, failure_ttl=3600, job_timeout=300)
        except (redis.RedisError, OSError) as error:
            silent_until = time.monotonic() + _SILENCE
            log.warning("wake_lost", queues=list(queues), error=type(error).__name__)

    return wake


def _is_in_want(connection: redis.Redis, queue: str) -> bool:
    """Whether too few drains wait for ``queue``."""
    return int(connection.llen(f"{Queue.redis_queue_namespace_prefix}{queue}")) < _ENOUGH


class Bell:
    """Has ``ring`` called by a thread of its own, so that whoever has committed does not wait for Redis.

    What many asked for since the last round is rung for once, after all of them.
    """

    def __init__(self, ring: Wake) -> None:
        self._ring = ring
        self._asked: SimpleQueue[str] = SimpleQueue()
        self._thread: Thread | None = None
        atexit.register(self._ring_for_all)

    def __call__(self, queues: Iterable[str]) -> None:
        for queue in queues:
            self._asked.put(queue)
        if self._thread is None or not self._thread.is_alive():  # a forked process has none yet
            self._thread = Thread(target=self._go_round, name="bell", daemon=True)
            self._thread.start()

    def _go_round(self) -> None:
        while True:
            self._ring_for_all(self._asked.get())
            time.sleep(_REST)

    def _ring_for_all(self, *first: str) -> None:
        wanted = set(first)
        while not self._asked.empty():
            try:
                wanted.add(self._asked.get_nowait())
            except Empty:  # the thread took it, at the end of the process
                break
        if wanted:
            self._ring(sorted(wanted))
