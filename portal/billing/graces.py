"""The graces of subscriptions with more products than their tier holds, as rows; their rules are in ``overage``."""

from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select, update

from portal.billing import overage
from portal.billing.models import ProductGrace
from portal.billing.overage import Grace
from portal.billing.states import move_grace
from portal.kit.db import FRESH, db

_OPEN = select(ProductGrace).where(
    ProductGrace.subscription_id == bindparam("subscription_id"), ProductGrace.status != "ended"
)
_HAND_ON = (
    update(ProductGrace)
    .where(ProductGrace.subscription_id == bindparam("from_id"), ProductGrace.status != "ended")
    .values(subscription_id=bindparam("to_id"))
)


def find_open(subscription_id: UUID) -> ProductGrace | None:
    """Return the grace of a subscription that has not ended; who changes it has locked the subscription."""
    return db.scalars(_OPEN, {"subscription_id": subscription_id}, execution_options=FRESH).one_or_none()


def begin(subscription_id: UUID, now: datetime) -> ProductGrace:
    """Store a grace that begins now; the database refuses a second one of a subscription."""
    grace = ProductGrace(subscription_id=subscription_id, started_at=now, **asdict(overage.begun(now)))
    db.add(grace)
    db.flush()
    return grace


def hand_on(from_id: UUID, to_id: UUID) -> None:
    """Have a grace that has not ended go on with the subscription that takes the place of its own."""
    db.execute(_HAND_ON, {"from_id": from_id, "to_id": to_id})


def clock_of(grace: ProductGrace) -> Grace:
    """Return how a stored grace stands."""
    return Grace(grace.ends_at, grace.under_since, grace.resting_since)


def note(grace: ProductGrace, seen: Grace) -> None:
    """Store how a grace stands now; where a rest has moved its end on, that is to be told of once more."""
    if seen == clock_of(grace):
        return
    is_moved = seen.ends_at > grace.ends_at
    move_grace(grace, grace.status, **asdict(seen), warned_at=None if is_moved else grace.warned_at)


def end(grace: ProductGrace, now: datetime) -> None:
    """Have a grace be over: nothing is owed to it any more."""
    move_grace(grace, "ended", ended_at=now)
