"""Questions to the directory's tables that more than one file asks; nothing here changes a row."""

from uuid import UUID

from sqlalchemy import func, select

from portal.directory.models import Business
from portal.identity.models import TeamMember
from portal.identity.permissions import Role
from portal.kit.db import db


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
    return db.scalars(query.execution_options(populate_existing=True)).one()
