"""What is planned for agreements beside their renewals: a listing wakes, a batch is settled, a grace ends.

Everything here only looks: nothing is locked.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import String, Uuid, and_, bindparam, cast, func, or_, select

from portal.billing.branch_batches import SETTLE
from portal.billing.models import ProductGrace, Subscription
from portal.billing.states import LISTED
from portal.invoicing.models import Customer
from portal.kit.db import db, table_of
from portal.kit.jobs import StagedJob

_COLUMNS = tuple(table_of(Subscription).c.keys())
_WAKES = Subscription.wakes_on.is_not(None)
_SETTLES = and_(StagedJob.key == f"{SETTLE}:" + cast(Subscription.id, String), StagedJob.state == "pending")
_ENDS = and_(ProductGrace.subscription_id == Subscription.id, ProductGrace.status == "running")
_SETTLING = select(cast(StagedJob.args["subscription_id"].astext, Uuid)).where(
    StagedJob.key.startswith(f"{SETTLE}:", autoescape=True), StagedJob.state == "pending"
)
_DUE = or_(
    Subscription.renews_at <= bindparam("until"),
    _WAKES,
    Subscription.id.in_(_SETTLING),
    Subscription.id.in_(select(ProductGrace.subscription_id).where(ProductGrace.status == "running")),
)
"""What is planned is looked up once for a whole chunk: there is little of it beside what renews."""
_IS_SEEN = and_(Subscription.status.in_(LISTED), _DUE)
_FOLLOWING = (
    select(Subscription.id)
    .where(Subscription.id > bindparam("after"), _IS_SEEN)
    .order_by(Subscription.id)
    .limit(bindparam("limit"))
)
_COUNT = select(func.count()).where(_IS_SEEN)
_NO_KEY = UUID(int=0)
_OF = (
    select(Subscription, Customer, StagedJob.due_at, ProductGrace)
    .join(Customer, Customer.id == Subscription.customer_id)
    .outerjoin(StagedJob, _SETTLES)
    .outerjoin(ProductGrace, _ENDS)
    .where(Subscription.id.in_(bindparam("ids", expanding=True)))
    .where(or_(_WAKES, StagedJob.id.is_not(None), ProductGrace.id.is_not(None)))
)


@dataclass(frozen=True, slots=True)
class Planned:
    """A copy of a subscription as it stands, which nobody stores, and what is planned for it."""

    subscription: Subscription
    customer: Customer
    settles_at: datetime | None
    grace: ProductGrace | None


def list_until(until: datetime, after: UUID | None, limit: int) -> Sequence[UUID]:
    """Return the next ``limit`` subscriptions, by their keys, that are due by ``until`` or have anything planned.

    :param after: the highest key that was seen.
    """
    return db.scalars(_FOLLOWING, {"until": until, "after": after or _NO_KEY, "limit": limit}).all()


def count_until(until: datetime) -> int:
    """Return how many subscriptions are due by ``until`` or have anything planned."""
    return int(db.execute(_COUNT, {"until": until}).scalar_one())


def of(ids: Sequence[UUID]) -> Mapping[UUID, Planned]:
    """Return what is planned for those of these subscriptions for which anything is."""
    found = db.execute(_OF, {"ids": ids}).all()
    return {row[0].id: Planned(copy(row[0]), row[1], row[2], row[3]) for row in found}


def copy(subscription: Subscription) -> Subscription:
    """Return a copy of a subscription as it stands, to be moved without being stored."""
    return Subscription(**{name: getattr(subscription, name) for name in _COLUMNS})
