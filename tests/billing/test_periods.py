"""Periods tile: whatever the anchor day, for twenty years, in zones with and without summer time."""

from dataclasses import replace
from datetime import UTC, date, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.billing.periods import boundary, following, midnight, period
from tests.support.evidence import Saw

ANCHORS = st.dates(date(2020, 1, 1), date(2030, 12, 31))
AHEAD_14, BEHIND_11 = "Pacific/Kiritimati", "Pacific/Pago_Pago"
ZONES = st.sampled_from(
    ["Europe/London", "Asia/Shanghai", "America/New_York", "Pacific/Auckland", "Asia/Kathmandu", AHEAD_14, BEHIND_11]
)


@given(ANCHORS, ZONES)
def test_d4_each_ends_where_the_next_begins_over_twenty_years(anchor: date, name: str) -> None:
    zone = ZoneInfo(name)
    periods = [period(anchor, number, zone) for number in range(241)]
    assert periods[0].starts_on == anchor
    for number, (this, after) in enumerate(pairwise(periods)):
        assert this.number == number
        assert following(this, anchor, zone) == after
        assert (this.ends_on, this.ends_at) == (after.starts_on, after.starts_at)
        assert 28 <= this.days <= 31
        assert this.last_day == this.ends_on - timedelta(days=1)
        assert this.starts_at.astimezone(zone).date() == this.starts_on


@pytest.mark.parametrize("day", range(1, 32))
def test_d4_every_month_of_twenty_years_has_its_boundary(day: int) -> None:
    anchor = date(2024, 1, day)
    months = [boundary(anchor, number) for number in range(240)]
    assert [(found.year, found.month) for found in months] == [(2024 + n // 12, n % 12 + 1) for n in range(240)]
    assert all(found.day == day or (found.day < day and (found + timedelta(days=1)).day == 1) for found in months)


def test_d4_the_last_of_january_comes_back_in_march(saw: Saw) -> None:
    assert [boundary(date(2026, 1, 31), n) for n in range(4)] == [
        *(date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 31), date(2026, 4, 30))
    ]
    assert boundary(date(2024, 2, 29), 12) == date(2025, 2, 28)
    assert boundary(date(2024, 2, 29), 48) == date(2028, 2, 29)
    saw("31 January, 28 February, 31 March, 30 April; 29 February 2024, 28 February 2025, 29 February 2028")


def test_midnight_is_the_customers() -> None:
    assert midnight(date(2026, 7, 1), ZoneInfo("Europe/London")).isoformat() == "2026-06-30T23:00:00+00:00"
    assert midnight(date(2026, 7, 1), ZoneInfo("Asia/Shanghai")).isoformat() == "2026-06-30T16:00:00+00:00"
    assert midnight(date(2026, 7, 1), ZoneInfo("UTC")).tzinfo is UTC


@given(ANCHORS, st.lists(ZONES, min_size=2, max_size=24))
def test_d4_a_new_time_zone_leaves_no_gap_and_shapes_only_later_boundaries(anchor: date, names: list[str]) -> None:
    now = period(anchor, 0, ZoneInfo(names[0]))
    for number, name in enumerate(names[1:], 1):
        after = following(now, anchor, ZoneInfo(name))
        assert (after.number, after.starts_on, after.starts_at) == (number, now.ends_on, now.ends_at)
        assert (after.ends_on, after.ends_at) == (boundary(anchor, number + 1), midnight(after.ends_on, ZoneInfo(name)))
        assert after.starts_at < after.ends_at
        now = after


def test_the_next_period_begins_where_the_last_one_did_end() -> None:
    cut_short = replace(period(date(2026, 4, 1), 0, ZoneInfo("UTC")), ends_on=date(2026, 4, 20))
    assert following(cut_short, date(2026, 4, 1), ZoneInfo("UTC")).starts_on == date(2026, 4, 20)


@pytest.mark.parametrize(
    ("day", "nearest"),
    [
        (date(2026, 3, 31), date(2026, 4, 1)),
        (date(2026, 4, 1), date(2026, 4, 1)),
        (date(2026, 4, 17), date(2026, 4, 17)),
        (date(2026, 4, 30), date(2026, 4, 30)),
        (date(2026, 5, 1), date(2026, 4, 30)),
    ],
)
def test_a_day_outside_of_a_period_is_nearest_to_its_first_or_its_last(day: date, nearest: date) -> None:
    assert period(date(2026, 4, 1), 0, ZoneInfo("UTC")).nearest(day) == nearest


@pytest.mark.parametrize(
    ("name", "anchor", "hours"),
    [
        ("Europe/London", date(2026, 3, 1), 31 * 24 - 1),
        ("Europe/London", date(2026, 10, 25), 31 * 24 + 1),
        ("America/New_York", date(2026, 3, 8), 31 * 24 - 1),
        ("America/New_York", date(2026, 10, 31), 30 * 24 + 1),
        (AHEAD_14, date(2026, 3, 29), 31 * 24),
    ],
)
def test_c6_a_period_over_a_change_of_clocks_has_its_days_though_an_hour_more_or_less(
    name: str, anchor: date, hours: int
) -> None:
    found = period(anchor, 0, ZoneInfo(name))
    assert found.ends_at - found.starts_at == timedelta(hours=hours)
    assert found.days == (found.ends_on - found.starts_on).days in (30, 31)
    for instant in (found.starts_at, found.ends_at):
        local = instant.astimezone(ZoneInfo(name))
        assert (local.hour, local.minute) == (0, 0)
