"""Telling RQ that a queue has work. Losing the message is harmless: the scheduler finds the rows."""

from collections.abc import Callable, Iterable

import redis
from rq import Queue
from rq.serializers import JSONSerializer

from portal.kit import logging

DRAIN = "worker.drain.drain"
log = logging.logger()


def waker(redis_url: str) -> Callable[[Iterable[str]], None]:
    """Return what enqueues one drain for each queue named; while Redis is away it says so and goes on."""
    connection = redis.Redis.from_url(redis_url, socket_timeout=1, socket_connect_timeout=1)

    def wake(queues: Iterable[str]) -> None:
        try:
            for name in queues:
                queue = Queue(name, connection=connection, serializer=JSONSerializer)
                queue.enqueue(DRAIN, name, result_ttl=0, failure_ttl=3600, job_timeout=300)
        except (redis.RedisError, OSError) as error:
            log.warning("wake_lost", queues=list(queues), error=type(error).__name__)

    return wake
