"""A worker's sudden death inside this process: at a commit or a call, before or after it, nothing runs any more."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from portal.kit import jobs, wake
from tests.sweep.points import Points


class Killed(BaseException):
    """Not an error that anybody may catch: whoever raised it is dead."""


class _Countdown:
    """Counts the points of one thread and kills it at the chosen one; what other threads do is not its own."""

    def __init__(self, moment: int) -> None:
        self._left = moment
        self._thread = threading.get_ident()

    def pass_point(self, _: str) -> None:
        if threading.get_ident() == self._thread and self._left >= 0:
            self._left -= 1
            if self._left < 0:
                raise Killed


@contextmanager
def dying_at(moment: int | None, redis_url: str) -> Iterator[None]:
    """Die at the nth of the sweep's points; None lives on, as do those who do too little."""
    if moment is None:
        yield
        return
    try:
        with Points(_Countdown(moment).pass_point, None).installed(redis_url):
            yield
    finally:
        jobs.wake_with(wake.waker(redis_url))  # the way through the points stays in place otherwise
