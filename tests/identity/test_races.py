"""What must hold when several people do it in the same moment."""

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import func, select, text

from portal.identity import audit, links, operators, queries, registration, sign_in, team, throttle
from portal.identity.errors import LinkExpired, TooManyAttempts
from portal.identity.links import Purpose
from portal.identity.models import AuditEntry, TeamInvitation, User
from portal.identity.permissions import OperatorRole, Role
from portal.identity.sign_in import Kind
from portal.kit import edge
from portal.kit.db import db
from portal.kit.errors import Conflict
from tests.identity.people import NOW, PASSWORD, SECRET_KEY, events, join, make_business, make_user
from tests.identity.races import at_once

pytestmark = pytest.mark.usefixtures("committing")
MAIL = "ann@shop.example"


def count(model):
    return edge.write(lambda: db.scalars(select(func.count()).select_from(model)).one())


def test_one_address_becomes_one_account():
    results = at_once(*[lambda: registration.register("Ann", MAIL, PASSWORD, "en", NOW)] * 8)

    assert [error for error in results if isinstance(error, Exception)] == []
    assert count(User) == 1
    assert len(edge.write(lambda: events(registration.ALREADY_REGISTERED))) == 1


def test_a_link_is_used_once():
    user_id = edge.write(lambda: make_user(MAIL).id)
    token = edge.write(
        lambda: links.mint_link_token(links.want(queries.get_user(user_id), Purpose.VERIFY_EMAIL, NOW), NOW)
    )
    results = at_once(*[lambda: registration.verify_email(token, NOW, NOW).id] * 8)

    assert results.count(user_id) == 1
    assert sum(isinstance(result, LinkExpired) for result in results) == 7


def test_a_code_lets_one_log_in_in():
    mail = "olga@desk.example"
    enrolment = edge.write(lambda: operators.create(mail, PASSWORD, OperatorRole.ADMIN, SECRET_KEY, NOW, NOW))
    code = pyotp.TOTP(enrolment.secret).at(NOW)
    results = at_once(*[lambda: bool(operators.check(mail, PASSWORD, code, SECRET_KEY, NOW))] * 8)

    assert sorted(results) == [False] * 7 + [True]


def test_two_owners_who_demote_each_other_leave_one():
    def build():
        ann = make_user("ann@team.example")
        business = make_business(ann)
        join(business, ann, make_user("bob@team.example"), Role.OWNER)
        return business.id

    business_id = edge.write(build)

    def demote(mail, by):
        member = next(row for row in queries.list_members(business_id) if row.user.email == mail)
        team.change_role(member, Role.VIEWER, False, queries.get_user_of(by), NOW)

    ann, bob = "ann@team.example", "bob@team.example"
    results = at_once(lambda: demote(ann, bob), lambda: demote(bob, ann))

    assert sum(isinstance(result, Conflict) for result in results) == 1
    assert len(edge.write(lambda: queries.list_owners(business_id))) == 1


def test_the_database_alone_leaves_one_owner_too():
    def build():
        ann = make_user("ann@team.example")
        business = make_business(ann)
        join(business, ann, make_user("bob@team.example"), Role.OWNER)

    edge.write(build)
    demote = text("UPDATE team_members SET role = 'viewer' WHERE user_id = (SELECT id FROM users WHERE email = :email)")
    at_once(*(lambda e=e: db.execute(demote, {"email": e}) for e in ("ann@team.example", "bob@team.example")))

    owners = text("SELECT count(*) FROM team_members WHERE role = 'owner'")
    assert edge.write(lambda: db.execute(owners).scalar_one()) == 1


def test_inviting_twice_at_once_invites_once():
    def build():
        business = make_business(make_user(MAIL))
        return business.id

    business_id = edge.write(build)

    def invite():
        team.invite(business_id, "Olives", "bob@team.example", Role.VIEWER, False, queries.get_user_of(MAIL), NOW)

    results = at_once(*[invite] * 6)
    assert [error for error in results if isinstance(error, Exception)] == []
    still_open = TeamInvitation.withdrawn_at.is_(None)
    assert len(edge.write(lambda: db.scalars(select(TeamInvitation).where(still_open)).all())) == 1


def test_guesses_at_the_same_moment_do_not_slip_through():
    results = at_once(*[lambda: throttle.count_attempt(MAIL, "203.0.113.1", NOW)] * 16)

    assert results.count(None) == throttle.FREE_FAILURES
    assert sum(isinstance(result, TooManyAttempts) for result in results) == 16 - throttle.FREE_FAILURES


def test_entries_written_while_others_seal_all_find_their_place():
    def write(number):
        audit.record("usr_ann", f"number {number}", "x", {}, NOW)

    works = [lambda number=number: write(number) for number in range(8)]
    at_once(*works, lambda: audit.seal(NOW), lambda: audit.seal(NOW))
    edge.write(lambda: audit.seal(NOW))

    assert sorted(edge.write(lambda: db.scalars(select(AuditEntry.seq)).all())) == list(range(1, 9))
    assert edge.write(audit.verify_chain) is None


def test_the_use_of_a_log_in_is_noted_beside_a_page_that_only_reads():
    def build():
        return sign_in.open_session(make_user(MAIL), Kind.CONSOLE, NOW, NOW, has_second_factor=True)

    token, later = edge.write(build), NOW + timedelta(minutes=29)
    found = sign_in.find_person(token, Kind.CONSOLE, later)
    assert found.is_seen_note_due
    edge.apart(lambda: sign_in.note_seen(found.login_id, later))
    edge.end()

    assert not sign_in.find_person(token, Kind.CONSOLE, later + timedelta(seconds=30)).is_seen_note_due
