"""Questions to the directory's tables that more than one file asks; nothing here changes a row."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, func, select

from portal.directory.models import Business, Entitlement
from portal.directory.visibility import STATUSES
from portal.identity.models import TeamMember
from portal.identity.permissions import Role
from portal.kit.db import FRESH, db

_BELONGING = (
    select(
        Business,
        TeamMember.id.label("member_id"),
        TeamMember.public_id.label("member_public_id"),
        TeamMember.role,
        TeamMember.may_spend,
        Entitlement.is_listed,
        Entitlement.product_limit,
    )
    .join(TeamMember, TeamMember.business_id == Business.id)
    .outerjoin(Entitlement, Entitlement.business_id == Business.id)
    .where(Business.public_id == bindparam("public_id"), TeamMember.user_id == bindparam("user_id"))
)
"""Asked by every page of a vendor, so it is put together once."""
_COUNT_SHOWN = select(Business.product_count).where(Business.id == bindparam("business_id"))


@dataclass(frozen=True, slots=True)
class Belonging:
    """A business with what a person is to it, its status (``draft``, ``listed`` or ``unlisted``) and product limit."""

    business: Business
    member_id: UUID
    member_public_id: str
    role: str
    may_spend: bool
    status: str
    product_limit: int | None


def find_belonging(user_id: UUID, public_id: str) -> Belonging | None:
    """Return the business of this public id as long as the user belongs to its team; one question for every page."""
    found = db.execute(_BELONGING, {"public_id": public_id, "user_id": user_id}).one_or_none()
    if found is None:
        return None
    return Belonging(
        business=found.Business,
        member_id=found.member_id,
        member_public_id=found.member_public_id,
        role=found.role,
        may_spend=found.may_spend,
        status=STATUSES[found.is_listed],
        product_limit=found.product_limit,
    )


def owns_business_named(user_id: UUID, name: str) -> bool:
    """Whether the user owns a business of this name, in capitals or not."""
    query = (
        select(Business.id)
        .join(TeamMember, TeamMember.business_id == Business.id)
        .where(TeamMember.user_id == user_id, TeamMember.role == Role.OWNER)
        .where(func.lower(Business.name) == func.lower(name))
    )
    return db.scalars(query.limit(1)).first() is not None


def lock_business(business_id: UUID) -> Business:
    """Return the business with its row locked, so that changes of one business take turns."""
    query = select(Business).where(Business.id == business_id).with_for_update(key_share=True)
    return db.scalars(query.execution_options(**FRESH)).one()


def count_shown(business_id: UUID) -> int:
    """Return how many products of a business are not hidden by hand, as it is now."""
    return db.execute(_COUNT_SHOWN, {"business_id": business_id}).scalar_one()
