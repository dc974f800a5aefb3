"""Telling RQ that a queue has work. Losing the message is harmless: the scheduler finds the rows."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from threading import Lock

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
Wake = Callable[[Iterable[str]], None]
log = logging.logger()


def waker(redis_url: str) -> Wake:
    """Return what sees to it that a drain waits for each queue named; while Redis is away it says so and goes on.

    After a failure nobody rings for a while: who waits for a Redis that hangs would wait in vain.
    """
    connection = redis.Redis.from_url(redis_url, socket_timeout=1, socket_connect_timeout=1)
    asking: redis.Redis | None = None  # one connection for good, as one thread rings at a time: it spares us the pool
    silent_until = 0.0

    def wake(queues: Iterable[str]) -> None:
        nonlocal silent_until, asking
        if time.monotonic() < silent_until:
            return
        try:
            asking = asking or connection.client()  # type: ignore[no-untyped-call]
            for name in queues:
                if _is_in_want(asking, name):
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
    """Has one thread of a process ring at a time: who comes meanwhile leaves his wish to it and goes on.

    What many ask for at once is so rung for once, after all of them, and of a Redis that hangs one learns, not all.
    """

    def __init__(self, ring: Wake) -> None:
        self._ring = ring
        self._asked: deque[str] = deque()
        self._ringing = Lock()

    def __call__(self, queues: Iterable[str]) -> None:
        self._asked.extend(queues)
        while self._asked and self._ringing.acquire(blocking=False):  # whoever rings looks again afterwards
            try:
                self._ring(sorted(self._take()))
            finally:
                self._ringing.release()

    def _take(self) -> set[str]:
        return {self._asked.popleft() for _ in range(len(self._asked))}
