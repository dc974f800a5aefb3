"""A wire to a server that can be slowed, or cut exactly where a certain message passes; for PostgreSQL, Redis, HTTP.

Everything stays as it was told until it is told otherwise; cutting at a message happens once and leaves the wire whole.
"""

import re
import select
import socket
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from threading import Event, Thread
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit, urlunsplit

from portal.cli.ports import free_ports

COMMIT = rb"\A(?:Q.{4}|P.{4}[^\0]*\0)COMMIT\b"
"""PostgreSQL's message that asks for a commit, as a simple query or prepared."""
_STARTUP = (196608).to_bytes(4)
_PASSED = 65536
Split = Callable[[bytearray], list[bytes]]


def as_it_comes(said: bytearray) -> list[bytes]:
    """Take what was said at once for one message: right for one who waits for an answer before speaking again."""
    whole = [bytes(said)] if said else []
    said.clear()
    return whole


def postgres_messages() -> Split:
    """Split what a client of PostgreSQL says into its messages; the first ones, up to the log-in, bear no letter."""
    is_known = False

    def split(said: bytearray) -> list[bytes]:
        nonlocal is_known
        found = []
        while len(said) > 4:
            length = int.from_bytes(said[1:5]) + 1 if is_known else int.from_bytes(said[:4])
            if len(said) < length:
                break
            found.append(bytes(said[:length]))
            is_known = is_known or said[4:8] == _STARTUP
            del said[:length]
        return found

    return split


@dataclass(slots=True)
class _Cut:
    """Where to cut: before or after the message that matches, after letting ``left`` such ones pass."""

    pattern: re.Pattern[bytes]
    left: int
    is_after: bool
    is_for_good: bool


class CutProxy:
    """Listens on a port of its own for a server at ``target``; cut, it is as if nobody listened there."""

    def __init__(self, target: tuple[str, int], split: Callable[[], Split] = lambda: as_it_comes) -> None:
        self._target = target
        self.port = free_ports(1)[0]
        self.split = split
        self.was_cut = Event()
        """Set once a message was met at which the wire had to be cut."""
        self.seconds = 0.0
        self.size = _PASSED
        self._watched: re.Pattern[bytes] | None = None
        self._seen = 0
        self._cut: _Cut | None = None
        self._server: socket.socket | None = None
        self._ends: list[socket.socket] = []

    @classmethod
    def of(cls, url: str) -> Self:
        """Make a wire to the server of an address."""
        parts = urlsplit(url)
        is_postgres = parts.scheme == "postgresql"
        return cls(
            (str(parts.hostname), int(parts.port or 0)), postgres_messages if is_postgres else lambda: as_it_comes
        )

    def through(self, url: str) -> str:
        """Give the same address, but through this wire."""
        parts = urlsplit(url)
        return urlunsplit(parts._replace(netloc=parts.netloc.replace(f":{parts.port}", f":{self.port}")))

    def mend(self) -> None:
        """Let connections through (again)."""
        self._server = socket.create_server(("127.0.0.1", self.port))
        Thread(target=self._accept, args=(self._server,), daemon=True).start()

    def cut(self) -> None:
        """Drop all connections and refuse new ones."""
        if self._server is not None:
            _drop(self._server)
            self._server = None
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)  # who carries between them closes them
        self._ends.clear()

    def delay(self, seconds: float) -> None:
        """Let everything that passes, either way, take so much longer; 0 is as fast as it goes."""
        self.seconds = seconds

    def slice(self, size: int) -> None:
        """Pass answers on in pieces of so many bytes, each delayed for itself; 0 passes them whole again."""
        self.size = size or _PASSED

    def cut_before(self, pattern: bytes, number: int = 1, *, for_good: bool = False) -> None:
        """Cut the connection instead of passing on the ``number``-th message from now that matches.

        :param for_good: cut all connections and refuse new ones, until it is mended.
        """
        self._arm(_Cut(re.compile(pattern, re.DOTALL), number - 1, is_after=False, is_for_good=for_good))

    def cut_after(self, pattern: bytes, number: int = 1, *, for_good: bool = False) -> None:
        """Pass that message on and cut the connection as soon as it is answered: the answer never comes back."""
        self._arm(_Cut(re.compile(pattern, re.DOTALL), number - 1, is_after=True, is_for_good=for_good))

    def _arm(self, cut: _Cut) -> None:
        self.was_cut.clear()
        self._cut = cut

    def watch(self, pattern: bytes) -> None:
        """Count messages that match from now on."""
        self._watched, self._seen = re.compile(pattern, re.DOTALL), 0

    @property
    def seen(self) -> int:
        """How many messages that are watched for have passed."""
        return self._seen

    def meets(self, message: bytes) -> _Cut | None:
        """Count a message; give the cut that it calls for."""
        self._seen += bool(self._watched and self._watched.search(message))
        cut = self._cut
        if cut is None or not cut.pattern.search(message):
            return None
        if cut.left:
            cut.left -= 1
            return None
        self._cut = None
        return cut

    def _accept(self, server: socket.socket) -> None:
        while True:
            try:
                near, _ = server.accept()
            except OSError:
                return
            try:
                far = socket.create_connection(self._target)
            except OSError:  # nobody is there: so it is for whoever asked
                _drop(near)
                continue
            for end in (near, far):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # or each small message waits for the last
            self._ends += [near, far]
            Thread(target=_Connection(self, near, far).carry, daemon=True).start()

    def __enter__(self) -> Self:
        self.mend()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()


class _Connection:
    """One connection through the wire: ``near`` asks, ``far`` answers."""

    def __init__(self, proxy: CutProxy, near: socket.socket, far: socket.socket) -> None:
        self._proxy, self._near, self._far = proxy, near, far
        self._split = proxy.split()
        self._said = bytearray()
        self._met: _Cut | None = None

    def carry(self) -> None:
        """Pass on what either end says until one of them has no more to say or the wire is cut."""
        with suppress(OSError, ValueError):
            while True:
                for end in select.select([self._near, self._far], [], [])[0]:
                    said = end.recv(_PASSED)
                    if not said:
                        raise OSError
                    self._ask(said) if end is self._near else self._answer(said)
        _drop(self._near)
        _drop(self._far)

    def _ask(self, said: bytes) -> None:
        self._pause()
        self._said += said
        for message in self._split(self._said):
            self._met = self._met or self._proxy.meets(message)
            if self._met and not self._met.is_after:
                self._end(self._met)
            self._far.sendall(message)

    def _answer(self, said: bytes) -> None:
        if self._met:
            self._end(self._met)
        size = self._proxy.size
        for start in range(0, len(said), size):
            self._pause()
            self._near.sendall(said[start : start + size])

    def _pause(self) -> None:
        if self._proxy.seconds:
            time.sleep(self._proxy.seconds)

    def _end(self, met: _Cut) -> None:
        """Cut; who asked learns of it last."""
        _drop(self._far)
        if met.is_for_good:
            self._proxy.cut()
        self._proxy.was_cut.set()
        raise OSError


def _drop(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
