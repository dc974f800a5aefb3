"""Which subscriptions want something done about their next period, locked a chunk at a time.

Workers go side by side: what another one has locked is passed over, whoever comes next finds it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Boolean, Uuid, bindparam, func, select, text

from portal.billing.models import Subscription
from portal.billing.periods import Period
from portal.billing.queries import Buyer, named
from portal.kit.db import db, table_of

_SUBSCRIPTION = table_of(Subscription).c
_LOCK = (
    select(_SUBSCRIPTION.id)
    .where(_SUBSCRIPTION.renews_at <= bindparam("now"))
    .order_by(_SUBSCRIPTION.renews_at, _SUBSCRIPTION.id)
    .limit(bindparam("limit"))
    .with_for_update(skip_locked=True)
)
_COUNT = select(func.count()).where(_SUBSCRIPTION.renews_at <= bindparam("now"))
_EARLIEST = select(func.min(_SUBSCRIPTION.renews_at))
_DETAILS = text("""
    SELECT s.id, s.public_id, s.renews_at, s.version, s.mode, coalesce(s.pending_tier_code, s.tier_code) AS tier_code,
        s.extra_branches, s.price_version_id, s.anchor_on, c.id AS customer_id, c.public_id AS customer, c.currency,
        c.time_zone, b.id AS business_id, b.name, b.email, b.country,
        p.number, p.starts_on, p.ends_on, p.starts_at, p.ends_at, coalesce(a.balance, 0) AS credit,
        coalesce(o.balance, 0) AS carried,
        EXISTS (SELECT FROM payment_methods m WHERE m.customer_id = c.id AND m.is_default) AS has_method
      FROM subscriptions s JOIN customers c ON c.id = s.customer_id LEFT JOIN businesses b ON b.id = c.business_id
      JOIN LATERAL (SELECT * FROM subscription_periods WHERE subscription_id = s.id ORDER BY number DESC LIMIT 1) p
        ON true
      LEFT JOIN ledger_accounts a
        ON a.code = 'customer_credit' AND a.currency = c.currency AND a.owner_id = c.id
      LEFT JOIN ledger_accounts o
        ON o.code = 'customer_carried' AND o.currency = c.currency AND o.owner_id = c.id
     WHERE s.id = ANY(:ids) ORDER BY s.renews_at, s.id
""").columns(
    id=Uuid, customer_id=Uuid, business_id=Uuid, price_version_id=Uuid, has_method=Boolean
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Due:
    """A subscription that is due, with all that its next period depends on; ``period`` is the newest it has."""

    id: UUID
    public_id: str
    renews_at: datetime | None
    """None where its period is its last."""
    version: int
    terms: tuple[str, str, int]
    """Mode, tier and further branches from the next period on."""
    price_version_id: UUID
    anchor_on: date
    customer_id: UUID
    currency: str
    time_zone: str
    business_id: UUID | None
    buyer: dict[str, Any]
    """Whom its invoice names."""
    period: Period
    credit: int
    carried: int
    has_method: bool


def lock_due(now: datetime, limit: int) -> Sequence[Due]:
    """Lock up to ``limit`` subscriptions that are due at ``now`` and that nobody else has locked, oldest first.

    What they depend on is read once they are locked, by a second look: the first one's may be of before.
    """
    return read(db.scalars(_LOCK, {"now": now, "limit": limit}).all())


def read(ids: Sequence[UUID]) -> Sequence[Due]:
    """Return subscriptions by their keys, those that are due first coming first; nothing is locked."""
    return [_due(row) for row in db.execute(_DETAILS, {"ids": list(ids)})] if ids else []


def count_due(now: datetime) -> int:
    """Return how many subscriptions are due at ``now``."""
    return int(db.execute(_COUNT, {"now": now}).scalar_one())


def earliest() -> datetime | None:
    """Return when the first subscription is due, if any ever is."""
    found: datetime | None = db.execute(_EARLIEST).scalar_one()
    return found


def _due(row: Any) -> Due:
    buyer = Buyer(row.business_id, row.name, row.email, row.country) if row.business_id else None
    return Due(
        row.id,
        row.public_id,
        row.renews_at,
        row.version,
        (row.mode, row.tier_code, row.extra_branches),
        row.price_version_id,
        row.anchor_on,
        row.customer_id,
        row.currency,
        row.time_zone,
        row.business_id,
        named(buyer, row.customer),
        Period(row.number, row.starts_on, row.ends_on, row.starts_at, row.ends_at),
        row.credit,
        row.carried,
        row.has_method,
    )
