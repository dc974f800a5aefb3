"""The points at which a process may lose its power: each commit and each call that leaves the house, before and after.

A commit that changes nothing is none. Every point bears a readable name, and the one that is wanted kills the process.
"""

import os
import re
import signal
import smtplib
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from typing import Any, TypeVar

import requests
import structlog
from requests.adapters import HTTPAdapter
from sqlalchemy.engine.default import DefaultDialect

from portal.kit import jobs, wake

T = TypeVar("T")
_ORDER = re.compile(r"SH\w{22}")
_WRITES = re.compile(r"\b(INSERT|UPDATE|DELETE)\b")
_HAS_WRITTEN = "SELECT pg_current_xact_id_if_assigned() IS NOT NULL"


class Points:
    """Passes every point on to ``note`` by its name, and dies at the one that is ``wanted``."""

    def __init__(self, note: Callable[[str], None], wanted: str | None) -> None:
        self.step = ""
        self._note = note
        self._wanted = wanted
        self._quiet = 0
        self._times: Counter[str] = Counter()

    @contextmanager
    def quiet(self) -> Iterator[None]:
        """What happens inside is no point: it belongs to the world around the product, or was swept elsewhere."""
        self._quiet += 1
        try:
            yield
        finally:
            self._quiet -= 1

    def around(self, what: str, act: Callable[[], T]) -> T:
        """Do it, with a point on either side."""
        if self._quiet:
            return act()
        job = structlog.contextvars.get_contextvars().get("job")
        name = f"{self.step}: {what}" + (f" of {job}" if job else "")
        self._times[name] += 1
        numbered = name if self._times[name] == 1 else f"{name} ({self._times[name]})"
        self._pass(f"{numbered}, before")
        done = act()
        self._pass(f"{numbered}, after")
        return done

    def _pass(self, name: str) -> None:
        self._note(name)
        if name == self._wanted:
            os.kill(os.getpid(), signal.SIGKILL)

    @contextmanager
    def installed(self, redis_url: str) -> Iterator[None]:
        """Stand at every way out of this process while the block runs."""
        ways: list[tuple[Any, str]] = [
            (DefaultDialect, "do_commit"),
            (DefaultDialect, "do_execute"),
            (HTTPAdapter, "send"),
            (smtplib.SMTP, "send_message"),
        ]
        before = [getattr(owner, name) for owner, name in ways]
        self._watch_commits()
        self._watch_lone_statements()
        self._watch_http()
        self._watch_mail()
        waker = wake.waker(redis_url)
        jobs.wake_with(lambda queues: self.around(f"wake {' and '.join(queues)}", lambda: waker(queues)))
        try:
            yield
        finally:
            for (owner, name), original in zip(ways, before, strict=True):
                setattr(owner, name, original)

    def _watch_commits(self) -> None:
        commit = DefaultDialect.do_commit

        def watched(dialect: DefaultDialect, connection: Any) -> None:
            if not self._quiet and connection.cursor().execute(_HAS_WRITTEN).fetchone()[0]:
                self.around("commit", lambda: commit(dialect, connection))
            else:
                commit(dialect, connection)

        DefaultDialect.do_commit = watched  # type: ignore[method-assign]

    def _watch_lone_statements(self) -> None:
        """What writes by itself is committed as it is executed."""
        execute = DefaultDialect.do_execute

        def watched(dialect: DefaultDialect, cursor: Any, statement: str, *given: Any) -> None:
            run = lambda: execute(dialect, cursor, statement, *given)  # noqa: E731
            if cursor.connection.autocommit and _WRITES.search(statement):
                self.around("commit", run)
            else:
                run()

        DefaultDialect.do_execute = watched  # type: ignore[method-assign]

    def _watch_http(self) -> None:
        send = HTTPAdapter.send

        def watched(adapter: HTTPAdapter, request: requests.PreparedRequest, **options: Any) -> requests.Response:
            path = _ORDER.sub("…", request.path_url.partition("?")[0])
            return self.around(f"{request.method} {path}", lambda: send(adapter, request, **options))

        HTTPAdapter.send = watched  # type: ignore[method-assign, assignment]

    def _watch_mail(self) -> None:
        send = smtplib.SMTP.send_message

        def watched(server: smtplib.SMTP, message: EmailMessage, **options: Any) -> Any:
            return self.around(f"mail “{message['Subject']}”", lambda: send(server, message, **options))

        smtplib.SMTP.send_message = watched  # type: ignore[method-assign, assignment]
