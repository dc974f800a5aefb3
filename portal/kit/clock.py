"""The two times of the product: business time, which the sandbox may move, and wall time, which nobody moves.

Business time is read once per transaction by the edge and passed down; nothing below the edge calls this file.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import DateTime, func, select, text

from portal.kit.db import db

_NOW = select(func.business_now(type_=DateTime(timezone=True)))


def wall() -> datetime:
    """Return the real time: for signature freshness, tokens, leases, heartbeats and rate limits."""
    return datetime.now(UTC)


def business_now() -> datetime:
    """Return the transaction's business time (the database's clock plus the stored offset), the same for all of it."""
    found = db.info.get("now")
    if not isinstance(found, datetime):
        found = db.execute(_NOW).scalar_one()
        note(found)
    return found


def is_ahead(instant: datetime) -> bool:
    """Whether ``instant`` is still to come, by the time that the open transaction knows; False where it knows none."""
    found = db.info.get("now")
    return isinstance(found, datetime) and instant > found


def note(now: datetime) -> None:
    """Take what the database said to something else as the business time of the open transaction."""
    db.info["now"] = now


def offset() -> timedelta:
    """Return how far business time is ahead of wall time; zero outside the sandbox."""
    found: timedelta = db.execute(text("SELECT ahead FROM business_clock")).scalar_one()
    return found


def advance(step: timedelta) -> None:
    """Move business time forward by ``step``; the database refuses to move it back."""
    db.execute(text("UPDATE business_clock SET ahead = ahead + :step"), {"step": step})
    db.info.pop("now", None)
