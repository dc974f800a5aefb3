"""Visitors on the wire: connections that stay open and ask for one page after the other, as fast as they come."""

import socket
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice

CONNECTIONS = 8
"""As many as the web processes have threads."""


class Wire:
    """One connection to a server on this machine."""

    def __init__(self, port: int, cookie: str = "") -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._head = f" HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n" + (f"Cookie: {cookie}\r\n" if cookie else "")

    def get(self, address: str) -> bytes:
        """Return the page at ``address``; anything but 200 is an error."""
        self._socket.sendall(f"GET {address}{self._head}\r\n".encode())
        head, _, body = self._read(b"\r\n\r\n").partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 200 "), f"{address}: {head.decode(errors='replace')}"
        missing = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0]) - len(body)
        while missing > 0:
            body += (received := self._received())
            missing -= len(received)
        return body

    def post(self, address: str, headers: Mapping[str, str], body: bytes) -> int:
        """Send a body and return the status; of the answer only its head is read, so it must have no body."""
        own = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        head = f"POST {address}{self._head}{own}Content-Length: {len(body)}\r\n\r\n"
        self._socket.sendall(head.encode() + body)
        return int(self._read(b"\r\n\r\n").split(b" ", 2)[1])

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def _read(self, mark: bytes) -> bytes:
        found = b""
        while mark not in found:
            found += self._received()
        return found

    def _received(self) -> bytes:
        received = self._socket.recv(262_144)
        assert received, "the server hung up"
        return received


def a_second(port: int, addresses: Sequence[str], cookie: str, seconds: float, connections: int = CONNECTIONS) -> float:
    """Ask for these pages in turn over all connections for so long; return how many were answered a second."""
    began = time.monotonic()
    answered = _visit(port, addresses, cookie, connections, lambda _: time.monotonic() - began < seconds)
    return answered / (time.monotonic() - began)


def so_often(port: int, addresses: Sequence[str], cookie: str, times: int) -> None:
    """Ask for these pages in turn until so many requests were answered; ``times`` is a multiple of the connections."""
    _visit(port, addresses, cookie, CONNECTIONS, lambda asked: asked < times // CONNECTIONS)


def _visit(port: int, addresses: Sequence[str], cookie: str, connections: int, goes_on: Callable[[int], bool]) -> int:
    def visit(first: int) -> int:
        wire, asked = Wire(port, cookie), 0
        for address in islice(cycle(addresses), first, None):
            if not goes_on(asked):
                break
            wire.get(address)
            asked += 1
        wire.close()
        return asked

    with ThreadPoolExecutor(connections) as pool:
        return sum(pool.map(visit, range(connections)))
