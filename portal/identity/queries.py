"""Reading people, teams and invitations. Nothing here changes a row."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import joinedload

from portal.identity.models import RecoveryCode, TeamInvitation, TeamMember, User
from portal.kit import tokens
from portal.kit.db import db
from portal.kit.errors import N_, NotFound


def get_user(user_id: UUID) -> User:
    """Return the user; its id comes from our own rows, so it exists."""
    return db.get_one(User, user_id)


def find_user(email: str) -> User | None:
    """Return the user of a normalised address (see ``registration.normal_email``)."""
    return db.scalars(select(User).where(User.email == email)).one_or_none()


def find_user_of(public_id: str) -> User | None:
    """Return the user of a public id, or None."""
    return db.scalars(select(User).where(User.public_id == public_id)).one_or_none()


def get_user_of(email: str) -> User:
    """Return the user of a normalised address that is known to be taken."""
    return db.scalars(select(User).where(User.email == email)).one()


def find_member(business_id: UUID, user_id: UUID) -> TeamMember | None:
    """Return what the user is to the business, if anything."""
    wanted = select(TeamMember).where(TeamMember.business_id == business_id, TeamMember.user_id == user_id)
    return db.scalars(wanted).one_or_none()


def get_member(business_id: UUID, public_id: str) -> TeamMember:
    """Return a member of this business with its user.

    :raises NotFound: no such member, or one of another business.
    """
    wanted = select(TeamMember).where(TeamMember.business_id == business_id, TeamMember.public_id == public_id)
    found = db.scalars(wanted.options(joinedload(TeamMember.user))).one_or_none()
    if found is None:
        raise NotFound("member_not_found", N_("There is no such member."))
    return found


def list_members(business_id: UUID) -> Sequence[TeamMember]:
    """Return the whole team with its users, oldest first. A team is small; it has no pages."""
    wanted = select(TeamMember).where(TeamMember.business_id == business_id)
    return db.scalars(wanted.options(joinedload(TeamMember.user)).order_by(TeamMember.created_at)).all()


def list_memberships(user_id: UUID) -> Sequence[TeamMember]:
    """Return what the user is to which businesses, oldest first."""
    return db.scalars(select(TeamMember).where(TeamMember.user_id == user_id).order_by(TeamMember.created_at)).all()


def list_open_invitations(business_id: UUID) -> Sequence[TeamInvitation]:
    """Return the invitations nobody answered yet, newest first, expired ones included (they can be sent again)."""
    wanted = select(TeamInvitation).where(
        TeamInvitation.business_id == business_id,
        TeamInvitation.accepted_at.is_(None),
        TeamInvitation.withdrawn_at.is_(None),
    )
    return db.scalars(wanted.order_by(TeamInvitation.created_at.desc())).all()


def find_invitation(token: str, wall: datetime) -> TeamInvitation | None:
    """Return the open invitation behind a mail's link, as long as it is good."""
    wanted = select(TeamInvitation).where(
        TeamInvitation.token_hash == tokens.hashed(token),
        TeamInvitation.expires_at > wall,
        TeamInvitation.accepted_at.is_(None),
        TeamInvitation.withdrawn_at.is_(None),
    )
    return db.scalars(wanted).one_or_none()


def count_recovery_codes(user_id: UUID) -> int:
    """Return how many recovery codes an operator has left."""
    left = select(func.count()).where(RecoveryCode.user_id == user_id, RecoveryCode.used_at.is_(None))
    return db.scalars(left).one()
