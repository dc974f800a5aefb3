"""A wire that can be cut: passes bytes on to a server, drops everything when told to, and can be mended."""

import select
import socket
from contextlib import suppress
from threading import Thread
from types import TracebackType
from typing import Self

from tests.support.sandbox import free_port


class CutProxy:
    """Listens on a port of its own for a server at ``target``; cut, it is as if nobody listened there."""

    def __init__(self, target: tuple[str, int]) -> None:
        self._target = target
        self.port = free_port()
        self._server: socket.socket | None = None
        self._ends: list[socket.socket] = []

    def mend(self) -> None:
        """Let connections through (again)."""
        self._server = socket.create_server(("127.0.0.1", self.port))
        Thread(target=self._accept, args=(self._server,), daemon=True).start()

    def cut(self) -> None:
        """Drop all connections and refuse new ones."""
        if self._server is not None:
            self._server.shutdown(socket.SHUT_RDWR)
            self._server.close()
            self._server = None
        for end in self._ends:
            _drop(end)
        self._ends.clear()

    def _accept(self, server: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = server.accept()
                far = socket.create_connection(self._target)
                self._ends += [near, far]
                Thread(target=_carry, args=(near, far), daemon=True).start()

    def __enter__(self) -> Self:
        self.mend()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.cut()


def _carry(near: socket.socket, far: socket.socket) -> None:
    """Pass on what either end says until one of them has no more to say."""
    with suppress(OSError, ValueError):
        while True:
            for end in select.select([near, far], [], [])[0]:
                said = end.recv(65536)
                if not said:
                    raise OSError
                (far if end is near else near).sendall(said)
    _drop(near)
    _drop(far)


def _drop(end: socket.socket) -> None:
    with suppress(OSError):
        end.shutdown(socket.SHUT_RDWR)
    end.close()
