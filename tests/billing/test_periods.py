"""Periods tile: whatever the anchor day, for twenty years, in zones with and without summer time."""

from datetime import UTC, date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.billing.periods import boundary, midnight, period

ANCHORS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
ZONES = st.sampled_from(
    ["Europe/London", "Asia/Shanghai", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu", "UTC"]
)


@given(ANCHORS, ZONES)
def test_each_ends_where_the_next_begins_over_twenty_years(anchor: date, name: str) -> None:
    zone = ZoneInfo(name)
    periods = [period(anchor, number, zone) for number in range(241)]
    assert periods[0].starts_on == anchor
    for this, following in pairwise(periods):
        assert (this.ends_on, this.ends_at) == (following.starts_on, following.starts_at)
        assert 28 <= this.days <= 31
        assert this.last_day == this.ends_on - timedelta(days=1)
        assert this.starts_at.astimezone(zone).date() == this.starts_on


@pytest.mark.parametrize("day", range(1, 32))
def test_every_month_of_twenty_years_has_its_boundary(day: int) -> None:
    anchor = date(2024, 1, day)
    months = [boundary(anchor, number) for number in range(240)]
    assert [(found.year, found.month) for found in months] == [(2024 + n // 12, n % 12 + 1) for n in range(240)]
    assert all(found.day == day or (found.day < day and (found + timedelta(days=1)).day == 1) for found in months)


def test_the_last_of_january_comes_back_in_march() -> None:
    assert [boundary(date(2026, 1, 31), n) for n in range(4)] == [
        *(date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30))
    ]
    assert boundary(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert boundary(date(2024, 2, 29), 48) == date(2028, 2, 29)


def test_midnight_is_the_customers() -> None:
    assert midnight(date(2026, 7, 1), ZoneInfo("Europe/London")).isoformat() == "2026-06-30T23:00:00+00:00"
    assert midnight(date(2026, 7, 1), ZoneInfo("Asia/Shanghai")).isoformat() == "2026-06-30T16:00:00+00:00"
    assert midnight(date(2026, 7, 1), ZoneInfo("UTC")).tzinfo is UTC
