"""When a provider is asked again about an order. Pure; the steps are those of reliability.md and product.md."""

from datetime import datetime, timedelta
from random import Random
from uuid import UUID

EVERY = timedelta(seconds=10)
LATER_EVERY = timedelta(seconds=30)
BUSY = timedelta(minutes=10)
WATCH = timedelta(hours=24)
_UNKNOWN = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=5))
_AFTER_END = (timedelta(minutes=1), timedelta(minutes=10))
_HOUR = timedelta(hours=1)
_RENEWALS = (timedelta(seconds=30), timedelta(minutes=1), timedelta(minutes=2), timedelta(minutes=5))
_SPREAD = 0.1
"""What an outage made wait together does not come back together: each pause is up to a tenth longer."""


def next_look(opened_at: datetime, ended_at: datetime | None, watch_until: datetime, now: datetime) -> datetime | None:
    """Return when to ask next about an order whose answers are definite, or None when its watch is over."""
    if now >= watch_until:
        return None
    if ended_at is None:
        return now + (EVERY if now - opened_at < BUSY else LATER_EVERY)
    for pause in _AFTER_END:
        if now < ended_at + pause:
            return ended_at + pause
    return min(now + _HOUR, watch_until)


def next_ask(asks: int, now: datetime, order: UUID) -> datetime:
    """Return when to ask again after ``asks`` answers in a row that told nothing: 5 s, 30 s, 5 min, then hourly."""
    pause = _UNKNOWN[asks - 1] if asks <= len(_UNKNOWN) else _HOUR
    return now + _spread(pause, asks, order)


def next_renewal(asks: int, now: datetime, order: UUID) -> datetime:
    """Return when to ask again for a fresh code that did not come: after 30 s, then less often, 5 minutes at most."""
    return now + _spread(_RENEWALS[min(asks, len(_RENEWALS)) - 1], asks, order)


def _spread(pause: timedelta, asks: int, order: UUID) -> timedelta:
    """Return the pause and a part of its own for each order and time; the same one whenever it is computed."""
    return pause * (1 + _SPREAD * Random(f"{order}:{asks}").random())  # noqa: S311 - not a secret
