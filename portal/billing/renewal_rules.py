"""When a subscription's next period is announced, invoiced or waited for (product.md, *Renewals*). Pure."""

from datetime import datetime, timedelta
from enum import StrEnum

from portal.kit.money import Money

ANNOUNCED_AHEAD = timedelta(days=7)
INVOICED_AHEAD = timedelta(days=3)
"""For whoever has to pay by hand; what can be pulled is invoiced on the period's first day."""


class Step(StrEnum):
    """What is done about a period that has not been invoiced."""

    ANNOUNCE = "announce"
    WAIT = "wait"
    INVOICE = "invoice"


def first_look(starts_at: datetime) -> datetime:
    """Return when a period that starts at ``starts_at`` is looked at first."""
    return starts_at - ANNOUNCED_AHEAD


def step(starts_at: datetime, price: Money, credit: Money, has_method: bool, now: datetime) -> Step:
    """Return what is to be done by ``now`` about a period. What was missed is not announced any more, but invoiced.

    :param price: of the whole period.
    :param credit: the customer's, which pays before anything else does.
    :param has_method: whether a stored method of theirs can be charged.
    """
    if now < starts_at - INVOICED_AHEAD:
        return Step.ANNOUNCE
    if now < starts_at and (has_method or price <= credit):
        return Step.WAIT
    return Step.INVOICE


def next_look(done: Step, starts_at: datetime, ends_at: datetime) -> datetime:
    """Return when to look again once ``done`` has been, at the same period or, once it is invoiced, at the next."""
    if done is Step.ANNOUNCE:
        return starts_at - INVOICED_AHEAD
    return starts_at if done is Step.WAIT else first_look(ends_at)
