"""When a provider is asked: often while the payer is there, seldom afterwards, and not at all after a day."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

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
    pauses = [(watch.next_ask(asks, OPENED) - OPENED).total_seconds() for asks in range(1, 7)]
    assert pauses == [5, 30, 300, 3600, 3600, 3600]
