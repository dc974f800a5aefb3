"""Days and months as a shop lives through them."""

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo


def day_in(zone: str, now: datetime) -> date:
    """The day it is there."""
    return now.astimezone(ZoneInfo(zone)).date()


def next_midnight(zone: str, now: datetime) -> datetime:
    """When the next day begins there."""
    tomorrow = day_in(zone, now) + timedelta(days=1)
    return midnight(zone, tomorrow)


def midnight(zone: str, day: date) -> datetime:
    """When a day begins there."""
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


def month_after(day: date) -> date:
    """The same day of the next month, or its last."""
    return months_after(day, 1)


def months_after(anchor: date, count: int) -> date:
    """The day of the anchor's month so many months later, or that month's last."""
    later = date(anchor.year + (anchor.month - 1 + count) // 12, (anchor.month - 1 + count) % 12 + 1, 1)
    return later.replace(day=min(anchor.day, monthrange(later.year, later.month)[1]))


def first_mornings(now: datetime) -> list[datetime]:
    """The next mornings from which a month, a year, or a change of the clocks is not far."""
    year = now.year + 1
    leap = year + -year % 4
    spring, autumn = _last_sunday(year, 3), _last_sunday(year, 10)
    eves = [
        now.date() + timedelta(days=1),
        date(year, 1, 30),
        date(leap, 2, 28),
        date(year, 12, 30),
        spring - timedelta(days=1),
        autumn - timedelta(days=1),
    ]
    return [datetime(eve.year, eve.month, eve.day, 9, 17, tzinfo=UTC) for eve in eves]


def _last_sunday(year: int, month: int) -> date:
    last = date(year, month, monthrange(year, month)[1])
    return last - timedelta(days=(last.weekday() + 1) % 7)
