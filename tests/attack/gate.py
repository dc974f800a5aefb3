"""The gate that the attackers' tools come through: each request has another address, and one log-in for all of them.

Limits by address have tests of their own; here they would only keep the tools away from the pages. What passes is
counted, so that a run can say what it reached, and answers of 500 and above are noted as findings.
"""

import itertools
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from urllib.parse import urlsplit

from tests.attack.tools import LEAVE_ALONE, Finding

_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host", "cookie", "x-forwarded-for"}
_CHOSEN = {503}
"""Answers of the product that are a decision, not a fault."""

_UNREAD = {403, 404, 405, 410, 429}
"""How a form is refused before anybody reads its fields."""


class Gate:
    """Passes requests on to a port of this machine with one visitor's cookie."""

    def __init__(self, port: int, cookie: str, left_alone: Iterable[str] = ()) -> None:
        self._port = port
        self.left_alone = (*LEAVE_ALONE, *left_alone)
        self._cookie = cookie
        self._addresses = itertools.count()
        self.statuses: Counter[int] = Counter()
        self.places: Counter[str] = Counter()
        self.faults: set[Finding] = set()
        self.forms: Counter[str] = Counter()
        """How often the product read which form: it was neither refused at the door nor sent to no place."""
        self.url = ""

    def send(
        self, method: str, target: str, headers: dict[str, str], body: bytes
    ) -> tuple[int, list[tuple[str, str]], bytes]:
        """Pass one request on and give what came back."""
        path, query = urlsplit(target)[2:4]
        number = next(self._addresses)
        given = {name: value for name, value in headers.items() if name.lower() not in _HOP}
        given |= {"X-Forwarded-For": f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"}
        given |= {"Cookie": self._cookie, "Host": f"127.0.0.1:{self._port}"}
        upstream = HTTPConnection("127.0.0.1", self._port, timeout=20)
        try:
            upstream.request(method, target, body or None, given)
            answer = upstream.getresponse()
            content = answer.read()
        finally:
            upstream.close()
        self._note(method, path, answer.status, is_form=method == "POST" or bool(query))
        return answer.status, [pair for pair in answer.getheaders() if pair[0].lower() not in _HOP], content

    def _note(self, method: str, path: str, status: int, *, is_form: bool) -> None:
        self.statuses[status] += 1
        self.places[f"{method} {path}"] += 1
        if is_form and status not in _UNREAD:
            self.forms[f"{method} {path}"] += 1
        if status >= 500 and status not in _CHOSEN:
            self.faults.add(Finding("gate", "Server fault", method, path, "", f"answered with {status}"))


class _Handler(BaseHTTPRequestHandler):
    """One connection of a tool."""

    protocol_version = "HTTP/1.1"
    passing: Gate

    def handle(self) -> None:
        """Serve until the tool hangs up, which it may do in the middle."""
        with suppress(ConnectionError):
            super().handle()

    def pass_on(self) -> None:
        """Pass a request on, unless it is one to leave alone."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            is_closed = urlsplit(self.path).path.startswith(self.passing.left_alone)
            headers = dict(self.headers.items())
            answer = (404, [], b"") if is_closed else self.passing.send(self.command, self.path, headers, body)
        except (HTTPException, OSError, ValueError):  # what the tool sent is no request that could be passed on
            answer = 400, [], b""
        with suppress(OSError):  # the tool did not wait
            self.answer(*answer)

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_OPTIONS = do_PATCH = do_TRACE = pass_on  # noqa: N815

    def answer(self, status: int, headers: list[tuple[str, str]], content: bytes) -> None:
        """Give the answer back."""
        self.send_response_only(status)
        for name, value in headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content if self.command != "HEAD" else b"")

    def log_message(self, *_: object) -> None:
        """Say nothing: the gate counts."""


@contextmanager
def gate(port: int, cookie: str, left_alone: Iterable[str] = ()) -> Iterator[Gate]:
    """A gate that is open while the block runs; its ``url`` is where the tools are sent."""
    passing = Gate(port, cookie, left_alone)
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"passing": passing}))
    server.daemon_threads = True
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    passing.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield passing
    finally:
        server.shutdown()
        server.server_close()
