"""The guard that keeps tests on this machine: a connection to anywhere else is an error, not a slow success."""

import ipaddress
import socket
from collections.abc import Callable
from typing import Any


class NotLocal(AssertionError):
    """A test tried to leave the machine."""


def guard() -> None:
    """Refuse, for the rest of this process, every connection and look-up that is not local."""
    for name in ("connect", "connect_ex", "sendto"):
        _wrap(name, getattr(socket.socket, name))
    look_up = socket.getaddrinfo

    def local_look_up(host: str | bytes | None, *rest: Any, **options: Any) -> Any:
        _refuse_remote(host)
        return look_up(host, *rest, **options)

    socket.getaddrinfo = local_look_up


def _wrap(name: str, original: Callable[..., Any]) -> None:
    def guarded(self: socket.socket, *arguments: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _refuse_remote(arguments[-1][0])
        return original(self, *arguments)

    setattr(socket.socket, name, guarded)


def _refuse_remote(host: str | bytes | None) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return
    try:
        address = ipaddress.ip_address(str(name))
    except ValueError:
        address = None
    if address is None or not (address.is_loopback or address.is_unspecified):
        raise NotLocal(f"tests stay on this machine, but one asked for {name}")
