"""What a business may show, as billing has written it. Search and pages read this row and nothing of billing."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import case, select
from sqlalchemy.dialects.postgresql import insert

from portal.directory.models import Entitlement
from portal.kit.db import FRESH, db, table_of

STATUSES = {None: "draft", True: "listed", False: "unlisted"}
"""The vendor's word for what the business is entitled to; None before anything was paid."""

GRACE = "grace"
"""Products beyond the limit are shown, too."""
HIDE = "hide"
"""Of the products that are not hidden by hand, the oldest are shown, as many as the limit says."""
SHOWN_LIMIT = case((Entitlement.overage_policy == HIDE, Entitlement.product_limit))
"""How many products the public sees at most; None: all that are not hidden by hand."""
_STORE = insert(table_of(Entitlement))
_STORE = _STORE.on_conflict_do_update(
    index_elements=["business_id"],
    set_={
        name: _STORE.excluded[name]
        for name in ("is_listed", "product_limit", "overage_policy", "tier_code", "changed_at")
    },
)


def set_entitlement(
    business_id: UUID,
    *,
    is_listed: bool,
    product_limit: int | None,
    tier_code: str | None,
    now: datetime,
    overage_policy: str = GRACE,
) -> None:
    """Store what the business is entitled to from now on; only ``billing.entitlement`` calls this.

    :param product_limit: products that the tier holds; None where there is no limit.
    :param overage_policy: what becomes of those beyond it: ``GRACE`` or ``HIDE``.
    """
    row = {
        "business_id": business_id,
        "is_listed": is_listed,
        "product_limit": product_limit,
        "overage_policy": overage_policy,
        "tier_code": tier_code,
        "changed_at": now,
    }
    db.execute(_STORE, row)


def find_entitlement(business_id: UUID) -> Entitlement | None:
    """Return what the business is entitled to; None before its first payment."""
    query = select(Entitlement).where(Entitlement.business_id == business_id)
    return db.scalars(query.execution_options(**FRESH)).one_or_none()


def status(business_id: UUID) -> str:
    """Return the vendor's word for it: ``draft`` before anything was paid, then ``listed`` or ``unlisted``."""
    return statuses([business_id])[business_id]


def statuses(business_ids: Collection[UUID]) -> dict[UUID, str]:
    """Return the status of each of these businesses."""
    query = select(Entitlement.business_id, Entitlement.is_listed).where(Entitlement.business_id.in_(business_ids))
    listed = {row.business_id: row.is_listed for row in db.execute(query)}
    return {business_id: STATUSES[listed.get(business_id)] for business_id in business_ids}
