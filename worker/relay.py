"""The scheduler's loop: one in the whole house (an advisory lock), waking queues that have due work.

It frees the jobs of dead workers, stages what recurs and, while Redis is away, runs due jobs itself.
"""

import threading

import redis
from sqlalchemy import text

from portal.kit import config, edge, heartbeat, jobs, leases, logging
from portal.kit.db import db
from worker import clock_steps, schedule
from worker.drain import drain

_LOCK = 7_340_001
TICK = 1.0
_HASTE = 0.1
"""While the sandbox's clock is on its way."""
_INLINE_SECONDS = 5.0
"""How long one queue keeps the scheduler while Redis is away: its heartbeat and the other queues wait meanwhile."""
_TRY_LOCK = text("SELECT pg_try_advisory_xact_lock(:lock)")
log = logging.logger()


def run(stop: threading.Event) -> None:
    """Tick every second until told to stop; a tick that fails is logged, the next one comes all the same."""
    while not stop.is_set():
        is_moving = False
        try:
            is_moving = clock_steps.step()
            tick()
        except Exception as error:
            log.error("tick_failed", error=logging.told(error)[:300])
        stop.wait(_HASTE if is_moving else TICK)


def tick() -> None:
    """Do one round: heartbeat, expired leases, recurring jobs, and telling queues of due work.

    The heartbeat is kept before the round begins: while it was not, whoever was held up in a round held up the others'
    signs of life as well, and nobody could have told that they live.
    """
    edge.write(lambda: heartbeat.beat("scheduler"))
    queues = edge.write(_round)
    if not queues:
        return
    if _redis_is_there():
        jobs.wake(queues)
    else:
        for queue in queues:
            drain(queue, seconds=_INLINE_SECONDS, batch_size=1)


def _round() -> list[str]:
    if not db.execute(_TRY_LOCK, {"lock": _LOCK}).scalar():
        return []
    freed = leases.free_expired()
    if freed:
        log.warning("leases_freed", jobs=freed)
    schedule.stage_due()
    return leases.due_queues()


def _redis_is_there() -> bool:
    try:
        with redis.Redis.from_url(config.current().redis_url, socket_timeout=1, socket_connect_timeout=1) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError):
        return False
