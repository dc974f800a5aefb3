"""A worker's sudden death inside this process: at a commit or a call, before or after it, nothing runs any more."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from requests.adapters import HTTPAdapter
from sqlalchemy import event
from sqlalchemy.orm import Session

_CONTROL = "/_ctl/"


class Killed(BaseException):
    """Not an error that anybody may catch: whoever raised it is dead."""


class _Countdown:
    """Counts the moments of one thread and kills it at the chosen one; commits of other threads are not its own."""

    def __init__(self, moment: int) -> None:
        self._left = moment
        self._thread = threading.get_ident()

    def pass_moment(self, *_: object) -> None:
        if threading.get_ident() != self._thread or self._left < 0:
            return
        self._left -= 1
        if self._left < 0:
            raise Killed


@contextmanager
def dying_at(moment: int | None) -> Iterator[None]:
    """Die at the nth moment at which something becomes true elsewhere; None lives on, as do those who do too little."""
    if moment is None:
        yield
        return
    countdown = _Countdown(moment)
    send = HTTPAdapter.send

    def deadly(self: HTTPAdapter, request: Any, *rest: Any, **options: Any) -> Any:
        if _CONTROL in request.url:
            return send(self, request, *rest, **options)
        countdown.pass_moment()
        answer = send(self, request, *rest, **options)
        countdown.pass_moment()
        return answer

    HTTPAdapter.send = deadly  # type: ignore[method-assign]
    names = ("before_commit", "after_commit")
    for name in names:
        event.listen(Session, name, countdown.pass_moment)
    try:
        yield
    finally:
        HTTPAdapter.send = send  # type: ignore[method-assign]
        for name in names:
            event.remove(Session, name, countdown.pass_moment)
