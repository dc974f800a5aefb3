"""When a provider is asked: often while the payer is there, seldom afterwards, and not at all after a day."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.kit import ids
from portal.payments import watch
from tests.support.shop import day

OPENED = day(2026, 11, 21)
SECONDS = st.integers(0, 30 * 3600).map(lambda seconds: timedelta(seconds=seconds))


@pytest.mark.parametrize(("after", "pause"), [(0, 10), (599, 10), (600, 30), (3599, 30)])
def test_while_it_is_open(after: int, pause: int) -> None:
    now = OPENED + timedelta(seconds=after)
    found = watch.next_look(OPENED, None, OPENED + timedelta(hours=25), now)
    assert found == now + timedelta(seconds=pause)
    assert pause < 90


@pytest.mark.parametrize(
    ("minutes", "next_minutes"), [(0, 1), (0.5, 1), (1, 10), (9, 10), (10, 70), (70, 130), (1430, 1440), (1440, None)]
)
def test_after_its_end(minutes: float, next_minutes: int | None) -> None:
    found = watch.next_look(OPENED, OPENED, OPENED + watch.WATCH, OPENED + timedelta(minutes=minutes))
    assert found == (None if next_minutes is None else OPENED + timedelta(minutes=next_minutes))


@given(SECONDS, SECONDS, st.booleans())
def test_the_next_look_lies_ahead_and_within_the_watch(after: timedelta, ended: timedelta, is_ended: bool) -> None:
    now, ended_at = OPENED + after, OPENED + min(after, ended) if is_ended else None
    watch_until = (ended_at or OPENED + timedelta(hours=1)) + watch.WATCH
    found = watch.next_look(OPENED, ended_at, watch_until, now)
    assert (found is None) == (now >= watch_until)
    assert found is None or now < found <= max(watch_until, now + watch.LATER_EVERY)


def test_what_is_unknown_is_asked_after_5_and_30_seconds_5_minutes_and_then_hourly() -> None:
    for asks, pause in enumerate((5, 30, 300, 3600, 3600, 3600), start=1):
        found = (watch.next_ask(asks, OPENED, ids.new_id()) - OPENED).total_seconds()
        assert pause <= found <= pause * 1.1


def test_a11_a_hundred_orders_that_an_outage_hit_together_come_back_apart(saw: Callable[[str], None]) -> None:
    found = sorted((watch.next_ask(3, OPENED, ids.new_id()) - OPENED).total_seconds() for _ in range(100))
    assert len(set(found)) == 100
    assert found[-1] - found[0] > 20
    saw(f"100 orders asked again between {found[0]:.0f} and {found[-1]:.0f} s after the third silence")


def test_a_fresh_code_is_asked_for_less_and_less_often_but_every_five_minutes() -> None:
    for asks, pause in enumerate((30, 60, 120, 300, 300), start=1):
        found = (watch.next_renewal(asks, OPENED, ids.new_id()) - OPENED).total_seconds()
        assert pause <= found <= pause * 1.1
