"""Periods of a monthly agreement, always computed from its anchor day. Pure."""

import calendar
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Period:
    """From ``starts_on`` to before ``ends_on``; the instants are those days' local midnights in UTC."""

    number: int
    starts_on: date
    ends_on: date
    starts_at: datetime
    ends_at: datetime

    @property
    def last_day(self) -> date:
        """The last day that belongs to the period."""
        return self.ends_on - timedelta(days=1)

    def nearest(self, day: date) -> date:
        """Return the day of the period that is nearest to ``day``."""
        return min(max(day, self.starts_on), self.last_day)

    @property
    def days(self) -> int:
        """How many days the period has."""
        return (self.ends_on - self.starts_on).days


def boundary(anchor_on: date, number: int) -> date:
    """Return the day on which period ``number`` starts: the anchor's day of the month, or that month's last.

    Computed from the anchor, never from the last boundary: 31 Jan, 28 Feb, 31 Mar (product.md, *Periods*).
    """
    months = anchor_on.month - 1 + number
    year, month = anchor_on.year + months // 12, months % 12 + 1
    return date(year, month, min(anchor_on.day, calendar.monthrange(year, month)[1]))


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """Return the instant at which ``day`` begins in ``zone``, in UTC."""
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


def period(anchor_on: date, number: int, zone: ZoneInfo) -> Period:
    """Return period ``number`` (from 0) of an agreement anchored on ``anchor_on``."""
    starts_on, ends_on = boundary(anchor_on, number), boundary(anchor_on, number + 1)
    return Period(number, starts_on, ends_on, midnight(starts_on, zone), midnight(ends_on, zone))


def following(earlier: Period, anchor_on: date, zone: ZoneInfo) -> Period:
    """Return the period after ``earlier``, which begins at the instant at which that one ends.

    A zone that is new since then shapes only where it ends (product.md, *Periods*).
    """
    return replace(period(anchor_on, earlier.number + 1, zone), starts_on=earlier.ends_on, starts_at=earlier.ends_at)
