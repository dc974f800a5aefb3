"""When a provider is asked again about an order. Pure; the steps are those of reliability.md and product.md."""

from datetime import datetime, timedelta

EVERY = timedelta(seconds=10)
LATER_EVERY = timedelta(seconds=30)
BUSY = timedelta(minutes=10)
WATCH = timedelta(hours=24)
_UNKNOWN = (timedelta(seconds=5), timedelta(seconds=30), timedelta(minutes=5))
_AFTER_END = (timedelta(minutes=1), timedelta(minutes=10))
_HOUR = timedelta(hours=1)


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


def next_ask(asks: int, now: datetime) -> datetime:
    """Return when to ask again after ``asks`` answers in a row that told nothing: 5 s, 30 s, 5 min, then hourly."""
    return now + (_UNKNOWN[asks - 1] if asks <= len(_UNKNOWN) else _HOUR)
