"""Faults on order: the control interface lays them down, an endpoint of a provider trips over them.

A fault lasts for a number of requests, a number of wall seconds, or both; it survives a restart.
"""

import socket
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta

from flask import Response, request
from sqlalchemy import Engine, delete, insert, or_, select, update

from portal.sandbox.clock import wall
from portal.sandbox.database import faults

_SILENT = ("timeout_before", "timeout_after", "drop")
MODES = {
    "wechat_pay": ("http500", "http429", "not_exist", *_SILENT, "unsigned", "tamper", "stale"),
    "stripe": ("http500", "http429", *_SILENT),
    "ecb": ("http500", *_SILENT, "tamper", "stale"),
}
ENDPOINTS = {
    "wechat_pay": ("native", "query", "close", "*"),
    "stripe": ("sessions", "customers", "setup_intents", "payment_methods", "payment_intents", "*"),
    "ecb": ("daily",),
}


@dataclass(frozen=True)
class Fault:
    """What goes wrong with one request; `after` means after acting on it."""

    mode: str
    after: bool
    hold_seconds: float

    @property
    def acts(self) -> bool:
        """Whether the request is acted upon all the same."""
        return self.mode in ("timeout_after", "unsigned", "tamper", "stale") or (
            self.after and self.mode in ("http500", "drop")
        )

    @property
    def silent(self) -> bool:
        """Whether the asker gets no answer at all."""
        return self.mode in _SILENT

    def __str__(self) -> str:
        return f"{self.mode}{' after acting' if self.acts else ''}"


def lay(
    engine: Engine, provider: str, endpoint: str, fault: Fault, remaining: int | None, seconds: float | None
) -> None:
    """Lay a fault down for `remaining` requests and at most `seconds` of wall time; None means without end."""
    until = None if seconds is None else wall() + timedelta(seconds=seconds)
    row = {
        "provider": provider,
        "endpoint": endpoint,
        "mode": fault.mode,
        "after": fault.after,
        "hold_seconds": fault.hold_seconds,
        "remaining": remaining,
        "until": until,
    }
    with engine.begin() as connection:
        connection.execute(insert(faults).values(row))


def clear(engine: Engine) -> None:
    """Take all faults away."""
    with engine.begin() as connection:
        connection.execute(delete(faults))


def take(engine: Engine, provider: str, endpoint: str) -> Fault | None:
    """The oldest fault in force for this endpoint, used up by one; None when all is well."""
    wanted = (
        select(faults)
        .where(faults.c.provider == provider, faults.c.endpoint.in_((endpoint, "*")))
        .where(or_(faults.c.remaining.is_(None), faults.c.remaining > 0))
        .where(or_(faults.c.until.is_(None), faults.c.until > wall()))
        .order_by(faults.c.id)
        .limit(1)
        .with_for_update()
    )
    with engine.begin() as connection:
        row = connection.execute(wanted).one_or_none()
        if row is None:
            return None
        connection.execute(update(faults).where(faults.c.id == row.id).values(remaining=faults.c.remaining - 1))
    return Fault(row.mode, row.after, row.hold_seconds)


def no_answer(fault: Fault) -> Response:
    """Keep the asker waiting if the fault says so, then cut the connection without an answer."""
    if fault.mode.startswith("timeout"):
        time.sleep(fault.hold_seconds)
    connection: socket.socket = request.environ["werkzeug.socket"]
    # The asker may have hung up first.
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
    return Response(status=204)
