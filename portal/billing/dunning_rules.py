"""When something happens about an invoice that was not paid (product.md, *Failed payments*). Pure.

All of it is computed from the first failure, with a little jitter, so that what failed together is not tried together.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from uuid import UUID

_DAYS = (0, 1, 3, 7, 14)
"""The days after the first failure on which a card is tried again, or its customer is reminded; 0 is that failure."""
LAST = len(_DAYS) - 1
_ENDS_AFTER = timedelta(days=60)
_JITTER = timedelta(hours=2)
_GAP = timedelta(hours=12)
"""What was missed is made up for step by step, and never two of them at once."""


@dataclass(frozen=True, slots=True)
class Milestone:
    """A point of the time line: ``failed``, ``asked``, ``retried``, ``reminded``, ``suspended`` or ``ended``."""

    what: str
    at: datetime
    is_over: bool


def step_at(started_at: datetime, step: int, of: UUID) -> datetime:
    """Return when step ``step`` (1 to ``LAST``) is due of what first failed at ``started_at``.

    :param of: what it is about; it has its own jitter, the same whenever this is computed.
    """
    part = Random(f"{of}:{step}").random()  # noqa: S311 - not a secret
    return started_at + timedelta(days=_DAYS[step]) + _JITTER * part


def next_step_at(started_at: datetime, step: int, of: UUID, now: datetime) -> datetime:
    """Return when the step after ``step``, which was taken at ``now``, is due: never before its day."""
    return max(step_at(started_at, step + 1, of), now + _GAP)


def ends_at(started_at: datetime) -> datetime:
    """Return when what is owed is given up, and the agreement with it."""
    return started_at + _ENDS_AFTER


def time_line(started_at: datetime, step: int, is_charged: bool, is_suspended: bool, of: UUID) -> list[Milestone]:
    """Return what has happened and what will, in order, if nothing is paid.

    :param step: the last one that was taken.
    :param is_charged: whether a card is tried from now on; else its customer is reminded. Of the steps that were taken
        it is no longer known which it was: payment was asked for.
    """
    tried = "retried" if is_charged else "reminded"
    found = [Milestone("failed", started_at, True)]
    found += [Milestone("asked", step_at(started_at, one, of), True) for one in range(1, step + 1)]
    found += [Milestone(tried, step_at(started_at, one, of), False) for one in range(step + 1, LAST + 1)]
    found.append(Milestone("suspended", step_at(started_at, LAST, of), is_suspended))
    return [*found, Milestone("ended", ends_at(started_at), False)]
