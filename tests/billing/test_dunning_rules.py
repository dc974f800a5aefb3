"""The clock of an invoice that is not paid: monotone, computed from its first failure, and never in a hurry."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from portal.billing.dunning_rules import LAST, ends_at, next_step_at, step_at, time_line

FIRST = datetime(2026, 1, 1, tzinfo=UTC)
instants = st.integers(0, 20 * 365 * 24 * 60).map(lambda minutes: FIRST + timedelta(minutes=minutes))
delayed = st.lists(st.timedeltas(timedelta(), timedelta(days=90)), min_size=4, max_size=4)
DAY = timedelta(days=1)


@given(started_at=instants, of=st.uuids())
def test_steps_are_1_3_7_and_14_days_after_the_first_failure_and_a_little_later(started_at: datetime, of: UUID) -> None:
    for step, days in enumerate((1, 3, 7, 14), start=1):
        late = step_at(started_at, step, of) - started_at - days * DAY
        assert timedelta() <= late <= timedelta(hours=2)
        assert step_at(started_at, step, of) == step_at(started_at, step, of)
    assert LAST == 4
    assert ends_at(started_at) == started_at + 60 * DAY


@given(started_at=instants, of=st.uuids(), delays=delayed)
def test_dunning_is_monotone_however_late_each_step_is_taken(
    started_at: datetime, of: UUID, delays: list[timedelta]
) -> None:
    """Time only goes forward, no step comes before its day, and two are never less than half a day apart."""
    now = started_at
    for step, delay in enumerate(delays):
        due_at = next_step_at(started_at, step, of, now)
        assert due_at >= step_at(started_at, step + 1, of)
        assert due_at >= now + timedelta(hours=12)
        now = due_at + delay


@given(started_at=instants, step=st.integers(0, LAST), is_charged=st.booleans(), of=st.uuids())
def test_the_time_line_is_in_order_and_what_is_over_comes_first(
    started_at: datetime, step: int, is_charged: bool, of: UUID
) -> None:
    shown = time_line(started_at, step, is_charged, step == LAST, of)
    assert [one.at for one in shown] == sorted(one.at for one in shown)
    assert [one.is_over for one in shown] == sorted((one.is_over for one in shown), reverse=True)
    assert sum(one.is_over for one in shown) == 1 + step + (step == LAST)


def test_what_failed_together_is_tried_apart_and_each_always_at_the_same_time() -> None:
    """A little later than its day, by what it is about and by the step: up to two hours, and not all alike."""
    late = {
        (of, step): step_at(FIRST, step, UUID(int=of)) - FIRST - days * DAY
        for of in range(50)
        for step, days in enumerate((1, 3, 7, 14), start=1)
    }
    assert len(set(late.values())) == len(late)
    assert max(late.values()) > timedelta(minutes=110)
    assert min(late.values()) < timedelta(minutes=10)
    assert late[7, 1] == step_at(FIRST, 1, UUID(int=7)) - FIRST - DAY


@given(started_at=instants, of=st.uuids())
def test_the_time_line_says_what_is_done_and_when(started_at: datetime, of: UUID) -> None:
    for is_charged, tried in ((True, "retried"), (False, "reminded")):
        shown = time_line(started_at, 2, is_charged, False, of)
        assert [one.what for one in shown] == ["failed", "asked", "asked", tried, tried, "suspended", "ended"]
        tries = [step_at(started_at, step, of) for step in (1, 2, 3, 4)]
        assert [one.at for one in shown] == [started_at, *tries, tries[-1], started_at + 60 * DAY]
        assert [one.is_over for one in shown] == [True, True, True, False, False, False, False]


def test_what_is_caught_up_with_is_half_a_day_after_the_last_step_and_no_later() -> None:
    of, late = UUID(int=1), FIRST + 30 * DAY
    assert next_step_at(FIRST, 1, of, late) == late + timedelta(hours=12)
    assert next_step_at(FIRST, 1, of, FIRST) == step_at(FIRST, 2, of)
