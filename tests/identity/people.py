"""People for tests, made the way the product makes them, with one password."""

from datetime import UTC, datetime

from sqlalchemy import select

from portal.directory import businesses
from portal.directory.businesses import Registration
from portal.directory.models import Business
from portal.identity import links, passwords, queries, registration, team
from portal.identity.models import TeamMember, User
from portal.identity.permissions import Role
from portal.kit.db import db
from portal.kit.outbox import DomainEvent

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"
SECRET_KEY = "the key of these tests, long enough to be one"
_HASH = passwords.hashed(PASSWORD)


def make_user(email: str = "ann@shop.example", *, is_verified: bool = False, now: datetime = NOW) -> User:
    """A user called Ann."""
    registration.create_user("Ann", email, _HASH, "en", now)
    user = queries.get_user_of(email)
    user.verified_at = now if is_verified else None
    return user


def make_business(owner: User, name: str = "Olive's Olives", now: datetime = NOW) -> Business:
    """A business that the user owns."""
    given = Registration(
        name=name,
        category="bakery",
        description="",
        email="",
        phone="",
        website="",
        country="GB",
        currency="GBP",
        time_zone="Europe/London",
    )
    return businesses.register(owner.id, now=now, **given)


def join(business: Business, owner: User, user: User, role: Role, may_spend: bool = False) -> TeamMember:
    """The user as a member of the team, by an invitation of the owner."""
    team.invite(business.id, business.name, user.email, role, may_spend, owner, NOW)
    invitation = queries.list_open_invitations(business.id)[0]
    return team.accept(links.mint_link_token(invitation.id, NOW), user, NOW, NOW)


def events(name: str) -> list[DomainEvent]:
    """The domain events of this name."""
    return list(db.scalars(select(DomainEvent).where(DomainEvent.name == name)))
