"""Who joins a team, who may be what, and the owner who always stays."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal.identity import links, queries, team
from portal.identity.errors import AlreadyMember, LastOwner, LinkExpired, WrongInvitee
from portal.identity.permissions import Role
from portal.kit.db import db
from portal.kit.errors import Invalid, NotFound
from tests.identity.people import NOW, events, make_business, make_user

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def owner(db):
    return make_user("olive@team.example", is_verified=True)


@pytest.fixture
def business_id(owner):
    return make_business(owner).id


def invited(business_id, owner, email="bob@team.example", role=Role.MANAGER, may_spend=False):
    team.invite(business_id, "Olive's Olives", email, role, may_spend, owner, NOW)
    invitation = queries.list_open_invitations(business_id)[0]
    return invitation, links.mint_link_token(invitation.id, NOW)


def test_an_invitation_makes_a_member_and_proves_the_address(business_id, owner):
    invitation, token = invited(business_id, owner, may_spend=True)
    bob = make_user("bob@team.example")
    member = team.accept(token, bob, NOW, NOW)

    assert (member.role, member.may_spend) == ("manager", True)
    assert bob.verified_at == NOW
    assert queries.list_open_invitations(business_id) == []
    [event] = events(team.INVITED)
    assert event.facts["link_id"] == str(invitation.id)
    assert (event.facts["business_name"], event.facts["inviter_name"]) == ("Olive's Olives", "Ann")


def test_only_the_invited_address_can_accept_and_only_once(business_id, owner):
    _, token = invited(business_id, owner)
    with pytest.raises(WrongInvitee):
        team.accept(token, make_user("eve@team.example"), NOW, NOW)
    bob = make_user("bob@team.example")
    team.accept(token, bob, NOW, NOW)

    with pytest.raises(LinkExpired):
        team.accept(token, bob, NOW, NOW)


def test_an_invitation_lasts_seven_days(business_id, owner):
    _, token = invited(business_id, owner)

    with pytest.raises(LinkExpired):
        team.accept(token, make_user("bob@team.example"), NOW, NOW + timedelta(days=7))


def test_a_withdrawn_invitation_is_dead(business_id, owner):
    invitation, token = invited(business_id, owner)
    team.withdraw(uuid4(), invitation.public_id, owner, NOW)
    assert queries.find_invitation(token, NOW) is invitation

    team.withdraw(business_id, invitation.public_id, owner, NOW)
    assert queries.find_invitation(token, NOW) is None


def test_inviting_again_replaces_the_former_invitation(business_id, owner):
    _, old = invited(business_id, owner)
    _, new = invited(business_id, owner, role=Role.VIEWER)

    assert queries.find_invitation(old, NOW) is None
    assert queries.find_invitation(new, NOW).role == "viewer"


@pytest.mark.parametrize("role", [Role.OWNER, Role.VIEWER])
def test_only_managers_are_allowed_to_spend_one_by_one(business_id, owner, role):
    invitation, _ = invited(business_id, owner, role=role, may_spend=True)

    assert invitation.may_spend is False


def test_members_are_not_invited_again_and_nonsense_is_refused(business_id, owner):
    with pytest.raises(AlreadyMember):
        invited(business_id, owner, email="Olive@team.example")
    with pytest.raises(Invalid):
        invited(business_id, owner, email="nonsense")


def test_the_last_owner_stays(business_id, owner):
    member = queries.find_member(business_id, owner.id)

    with pytest.raises(LastOwner):
        team.change_role(member, Role.VIEWER, False, owner, NOW)
    with pytest.raises(LastOwner):
        team.remove(member, owner, NOW)
    team.change_role(member, Role.OWNER, False, owner, NOW)


def test_with_a_second_owner_the_first_may_go(business_id, owner):
    _, token = invited(business_id, owner, role=Role.OWNER)
    bob = make_user("bob@team.example")
    team.accept(token, bob, NOW, NOW)
    first = queries.find_member(business_id, owner.id)
    team.change_role(first, Role.MANAGER, True, bob, NOW)

    assert (first.role, first.may_spend) == ("manager", True)
    team.remove(first, bob, NOW)
    assert queries.find_member(business_id, owner.id) is None
    db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


@pytest.mark.parametrize(
    "change", ["UPDATE team_members SET role = 'viewer'", "DELETE FROM team_members WHERE role = 'owner'"]
)
def test_the_database_keeps_an_owner_too(business_id, owner, change):
    db.execute(text(change))

    with pytest.raises(IntegrityError, match="at least one owner"):
        db.execute(text("SET CONSTRAINTS ALL IMMEDIATE"))


def test_a_member_of_another_business_is_not_found(business_id, owner):
    member = queries.find_member(business_id, owner.id)

    assert queries.get_member(business_id, member.public_id) is member
    with pytest.raises(NotFound):
        queries.get_member(uuid4(), member.public_id)
