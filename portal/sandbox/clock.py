"""Two times: wall time for signatures, and business time, which the control interface moves forward.

Moving one never moves the other; the offset survives a restart.
"""

from datetime import UTC, datetime, timedelta, timezone
from threading import Lock

from portal.sandbox.switches import Switches

BEIJING = timezone(timedelta(hours=8))
FURTHEST_SECONDS = 100 * 366 * 86400


def wall() -> datetime:
    """The machine's time, aware UTC; never moved."""
    return datetime.now(UTC)


def beijing(instant: datetime) -> str:
    """An instant as WeChat Pay writes it: 2026-11-21T12:00:00+08:00."""
    return instant.astimezone(BEIJING).isoformat(timespec="seconds")


class Clock:
    """Business time: wall time plus an offset."""

    def __init__(self, switches: Switches) -> None:
        self._switches, self._lock = switches, Lock()
        self._offset: float = switches.get("clock_offset")

    @property
    def offset(self) -> float:
        """Seconds that business time is ahead of wall time."""
        return self._offset

    def now(self) -> datetime:
        """Business time, aware UTC."""
        return wall() + timedelta(seconds=self._offset)

    def advance(self, seconds: float) -> None:
        """Move business time forward; ValueError when it would leave the calendar."""
        with self._lock:
            if not 0 <= seconds <= FURTHEST_SECONDS - self._offset:
                raise ValueError("the clock moves forward only and at most a hundred years")
            self._offset += seconds
            self._switches.set("clock_offset", self._offset)

    def reread(self) -> None:
        """Take the offset from the switches again, after a reset."""
        self._offset = self._switches.get("clock_offset")
