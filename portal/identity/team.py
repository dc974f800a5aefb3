"""The team of a business: owners invite, people accept, roles change, people leave; one owner always stays.

It knows businesses by id only; whether the caller may do this is decided before (``permissions.py``).
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.identity import audit, queries
from portal.identity.errors import AlreadyMember, LastOwner, LinkExpired, WrongInvitee
from portal.identity.links import INVITATION_LASTS
from portal.identity.models import TeamInvitation, TeamMember, User
from portal.identity.permissions import Role
from portal.identity.registration import normal_email
from portal.kit import ids, outbox
from portal.kit.db import db

INVITED = "identity.team_invited"
JOINED = "identity.team_joined"
_IS_OPEN = and_(TeamInvitation.accepted_at.is_(None), TeamInvitation.withdrawn_at.is_(None))


def add_owner(business_id: UUID, user_id: UUID, now: datetime) -> TeamMember:
    """Make the user who registers a business its first owner; called where the business is created."""
    return _add(business_id, queries.get_user(user_id), Role.OWNER, False, now)


def invite(
    business_id: UUID, business_name: str, email: str, role: Role, may_spend: bool, inviter: User, now: datetime
) -> None:
    """Invite an address by mail; an open invitation of the same address is replaced. Of two at once, one is sent.

    :param may_spend: only means something for a manager.
    :raises Invalid: no e-mail address.
    :raises AlreadyMember: the address belongs to the team.
    """
    address = normal_email(email)
    user = queries.find_user(address)
    if user is not None and queries.find_member(business_id, user.id) is not None:
        raise AlreadyMember
    _withdraw(business_id, TeamInvitation.email == address, now)
    row = {
        "public_id": ids.public_id("invite"),
        "business_id": business_id,
        "business_name": business_name,
        "email": address,
        "role": role,
        "may_spend": may_spend and role == Role.MANAGER,
        "invited_by": inviter.id,
        "created_at": now,
    }
    added = insert(TeamInvitation).values(row).on_conflict_do_nothing().returning(TeamInvitation)
    invitation = db.scalars(added).one_or_none()
    if invitation is not None:
        _tell(invitation, inviter, user.locale if user else inviter.locale, now)


def withdraw(business_id: UUID, public_id: str, actor: User, now: datetime) -> None:
    """Take an open invitation of this business back; nothing happens where there is none."""
    for withdrawn in _withdraw(business_id, TeamInvitation.public_id == public_id, now):
        audit.record(actor.public_id, "team.invitation_withdrawn", withdrawn, {}, now)


def accept(token: str, user: User, now: datetime, wall: datetime) -> TeamMember:
    """Join the team with the link of an invitation, which also proves the user's address.

    :raises LinkExpired: answered, withdrawn, older than seven days or unknown.
    :raises WrongInvitee: it was sent to another address.
    """
    invitation = queries.find_invitation(token, wall)
    if invitation is None:
        raise LinkExpired
    if invitation.email != user.email:
        raise WrongInvitee(invitation.email)
    answered = update(TeamInvitation).where(TeamInvitation.id == invitation.id, _IS_OPEN)
    if db.scalars(answered.values(accepted_at=now).returning(TeamInvitation.id)).one_or_none() is None:
        raise LinkExpired
    user.verified_at = user.verified_at or now
    member = _add(invitation.business_id, user, Role(invitation.role), invitation.may_spend, now)
    facts = {
        "business_id": str(member.business_id),
        "by": user.public_id,
        "member_name": user.name,
        "role": member.role,
    }
    outbox.record(JOINED, member.public_id, facts, now)
    return member


def change_role(member: TeamMember, role: Role, may_spend: bool, actor: User, now: datetime) -> None:
    """Give a member another role.

    :raises LastOwner: nobody else owns the business.
    """
    _keep_an_owner(member, stays_owner=role == Role.OWNER)
    facts = {"from": member.role, "to": role, "may_spend": may_spend and role == Role.MANAGER}
    member.role, member.may_spend = role, may_spend and role == Role.MANAGER
    audit.record(actor.public_id, "team.role_changed", member.public_id, facts, now)


def remove(member: TeamMember, actor: User, now: datetime) -> None:
    """Take somebody out of the team (or leave it oneself); the next request of theirs already finds nothing.

    :raises LastOwner: nobody else owns the business.
    """
    _keep_an_owner(member, stays_owner=False)
    audit.record(actor.public_id, "team.removed", member.public_id, {"role": member.role}, now)
    db.delete(member)
    db.flush()


def _add(business_id: UUID, user: User, role: Role, may_spend: bool, now: datetime) -> TeamMember:
    row = {
        "public_id": ids.public_id("mem"),
        "business_id": business_id,
        "user_id": user.id,
        "role": role,
        "may_spend": may_spend,
        "created_at": now,
    }
    added = insert(TeamMember).values(row).on_conflict_do_nothing().returning(TeamMember)
    member = db.scalars(added).one_or_none()
    if member is None:
        raise AlreadyMember
    audit.record(user.public_id, "team.joined", member.public_id, {"role": role, "may_spend": may_spend}, now)
    return member


def _keep_an_owner(member: TeamMember, *, stays_owner: bool) -> None:
    """Lock the business's owners in one order, so that two owners who demote each other take turns."""
    if member.role != Role.OWNER or stays_owner:
        return
    owners = select(TeamMember.id).where(TeamMember.business_id == member.business_id, TeamMember.role == Role.OWNER)
    if not set(db.scalars(owners.order_by(TeamMember.id).with_for_update())) - {member.id}:
        raise LastOwner


def _withdraw(business_id: UUID, which: ColumnElement[bool], now: datetime) -> Sequence[str]:
    """Withdraw open invitations of the business and return their public ids."""
    withdrawn = update(TeamInvitation).where(TeamInvitation.business_id == business_id, _IS_OPEN, which)
    return db.scalars(withdrawn.values(withdrawn_at=now).returning(TeamInvitation.public_id)).all()


def _tell(invitation: TeamInvitation, inviter: User, locale: str, now: datetime) -> None:
    facts = {
        "to": invitation.email,
        "locale": locale,
        "link_id": str(invitation.id),
        "business_name": invitation.business_name,
        "inviter_name": inviter.name,
        "role": invitation.role,
        "days": INVITATION_LASTS.days,
    }
    outbox.record(INVITED, invitation.public_id, facts, now)
    audit.record(inviter.public_id, "team.invited", invitation.public_id, {"role": invitation.role}, now)
