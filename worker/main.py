"""The background processes: imported once, then forked for each queue and the scheduler.

Children never outlive this process, and it ends when any of them dies, so that whoever supervises it starts all anew.
"""

import contextlib
import ctypes
import os
import signal
import sys
import threading
from collections.abc import Callable

import redis

from portal import app
from portal.kit import config, logging
from worker import drain, relay, wake_ups

_ROLES = ("interactive", "interactive", "money", "money", "default", "bulk")
_PR_SET_PDEATHSIG = 1
_GRACE = 7
"""Seconds a child has to end by itself. One whose Redis is gone may never; its jobs are safe to be cut off."""
log = logging.logger()


def main() -> int:
    """Fork the children, pass a wish to stop on to them, and wait until all have ended."""
    settings = config.load_settings(os.environ)
    children = [_fork(lambda role=role: _work(settings, role)) for role in _ROLES]  # type: ignore[misc]
    children.append(_fork(lambda: _schedule(settings)))

    def tell(wish: signal.Signals) -> None:
        for child in children:
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, wish)

    def stop(*_: object) -> None:
        tell(signal.SIGTERM)
        signal.alarm(_GRACE)

    signal.signal(signal.SIGALRM, lambda *_: tell(signal.SIGKILL))
    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    _, status = os.wait()
    stop()
    with contextlib.suppress(ChildProcessError):
        while True:
            os.wait()
    return os.waitstatus_to_exitcode(status)


def _fork(work: Callable[[], None]) -> int:
    child = os.fork()
    if child == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if sys.platform == "linux":
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
        try:
            work()
        except BaseException as error:
            log.error("worker_ended", error=repr(error))
            os._exit(1)
        os._exit(0)
    return child


def _work(settings: config.Settings, queue: str) -> None:
    """Serve one queue through RQ; where Redis is away, wait for it: the scheduler runs due jobs meanwhile."""
    app.wire(settings, f"worker-{queue}", pool_size=2)
    stop = _stop_on_signal()
    while not stop.is_set():
        try:
            connection = redis.Redis.from_url(settings.redis_url)
            wake_ups.listener(queue, connection).work(logging_level="WARNING")
            return
        except (redis.RedisError, OSError) as error:
            log.warning("redis_away", error=type(error).__name__)
            stop.wait(2)


def _schedule(settings: config.Settings) -> None:
    app.wire(settings, "scheduler", pool_size=2)
    relay.run(_stop_on_signal())


def _stop_on_signal() -> threading.Event:
    for wish in (signal.SIGTERM, signal.SIGINT):
        signal.signal(wish, lambda *_: drain.stopping.set())
    return drain.stopping
