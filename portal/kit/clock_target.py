"""Where business time is to go: a target that the scheduler steps to (``worker/clock_steps.py``). Sandbox only.

Nothing moves here; beside real money no target is taken.
"""

import re
from calendar import monthrange
from datetime import datetime, timedelta

from sqlalchemy import text

from portal.kit import config
from portal.kit.db import db
from portal.kit.errors import N_, Conflict, Invalid, NotAllowed

FURTHEST = timedelta(days=366)
"""The longest way at once: every due instant on it is visited, which takes its time."""
_STEP = re.compile(r"([1-9][0-9]{0,4}) ?(minute|hour|day|week|month)s?", re.IGNORECASE | re.ASCII)
_UNITS = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
}
_HOW_FAR = N_("Say how far, for example 1 hour, 2 days or 1 month; at most a year at once.")
_NOT_BACK = N_("Business time never goes back. Say how far ahead, for example 1 hour, 2 days or 1 month.")


class StepUnclear(Invalid):
    """What was typed is no step of time, leads back, or is longer than is taken at once."""

    def __init__(self, message: str = _HOW_FAR) -> None:
        super().__init__("step_unclear", message, fields={"step": message})


def read_step(typed: str, now: datetime) -> datetime:
    """Return the instant that lies a step such as "2 days" after ``now``.

    A month ends on the same day of the next month, or on its last day where it has no such day.

    :raises StepUnclear: it is no step, leads back, or leads further than ``FURTHEST``.
    """
    if typed.strip().startswith(("-", "−")):
        raise StepUnclear(_NOT_BACK)
    found = _STEP.fullmatch(typed.strip())
    if found is None:
        raise StepUnclear
    count, unit = int(found[1]), found[2].lower()
    until = _months_after(now, min(count, 24)) if unit == "month" else now + count * _UNITS[unit]
    if until - now > FURTHEST:
        raise StepUnclear
    return until


def _months_after(now: datetime, count: int) -> datetime:
    years, month = divmod(now.month - 1 + count, 12)
    year = now.year + years
    return now.replace(year=year, month=month + 1, day=min(now.day, monthrange(year, month + 1)[1]))


def head_for(until: datetime) -> None:
    """Let business time be stepped to ``until``.

    :raises NotAllowed: this is no sandbox.
    :raises Conflict: it is on its way somewhere already.
    """
    if not config.current().is_sandbox:
        raise NotAllowed("clock_is_real", N_("Only the clock of a sandbox can be moved, and this is none."))
    if lock() is not None:
        raise Conflict("clock_is_moving", N_("The clock is on its way already. Wait until it has arrived, or stop it."))
    db.execute(text("UPDATE business_clock SET target_at = :until"), {"until": until})


def stop() -> None:
    """Stay where business time is now."""
    db.execute(text("UPDATE business_clock SET target_at = NULL"))


def find() -> datetime | None:
    """Return where business time is on its way to, if it is."""
    found: datetime | None = db.execute(text("SELECT target_at FROM business_clock")).scalar_one()
    return found


def lock() -> datetime | None:
    """Return the target with the clock's row locked, so that of two who would move it one waits."""
    found: datetime | None = db.execute(text("SELECT target_at FROM business_clock FOR UPDATE")).scalar_one()
    return found
