"""Steps as people type them, and who may set a target."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from portal.kit import clock_target, config, edge
from portal.kit.clock_target import StepUnclear, read_step
from portal.kit.errors import Conflict, NotAllowed

NOW = datetime(2026, 1, 31, 10, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("typed", "until"),
    [
        ("1 minute", NOW + timedelta(minutes=1)),
        ("1 hour", NOW + timedelta(hours=1)),
        (" 36 Hours ", NOW + timedelta(hours=36)),
        ("2days", NOW + timedelta(days=2)),
        ("1 week", NOW + timedelta(weeks=1)),
        ("1 month", datetime(2026, 2, 28, 10, 30, tzinfo=UTC)),
        ("2 months", datetime(2026, 3, 31, 10, 30, tzinfo=UTC)),
        ("12 months", datetime(2027, 1, 31, 10, 30, tzinfo=UTC)),
    ],
)
def test_a_step_leads_to_an_instant(typed, until):
    assert read_step(typed, NOW) == until


def test_time_cannot_go_back():
    with pytest.raises(StepUnclear, match="never goes back"):
        read_step("-1 month", NOW)


@pytest.mark.parametrize(
    "typed",
    ["", "hour", "0 days", "-1 day", "1.5 hours", "1 fortnight", "367 days", "13 months", "99999 weeks", "١ day"],
)
def test_what_is_no_step_is_refused_at_its_field(typed):
    with pytest.raises(StepUnclear) as refused:
        read_step(typed, NOW)

    assert refused.value.fields.keys() == {"step"}


def test_a_target_is_taken_once_and_can_be_given_up(now):
    until = now + timedelta(days=1)
    clock_target.head_for(until)

    assert clock_target.find() == until
    with pytest.raises(Conflict):
        clock_target.head_for(until)
    clock_target.stop()
    assert clock_target.find() is None


def test_no_target_beside_real_money(db, settings):
    config.use(replace(settings, is_sandbox=False))

    with pytest.raises(NotAllowed):
        clock_target.head_for(edge.now() + timedelta(days=1))
    assert clock_target.find() is None
