"""Log-ins begin with a new token, end when told to, and expire."""

from datetime import timedelta

import pytest

from portal.identity import audit, links, password_change, sign_in
from portal.identity.errors import LinkExpired, WrongPassword
from portal.identity.links import Purpose
from portal.identity.models import AuditEntry
from portal.identity.sign_in import Kind
from portal.kit.db import db
from portal.kit.errors import Invalid
from tests.identity.people import NOW, PASSWORD, events, make_user

pytestmark = pytest.mark.usefixtures("db")
NEW = "a wholly new password"


def logged_in(user, kind=Kind.VENDOR):
    return sign_in.open_session(user, kind, NOW, NOW, has_second_factor=kind == Kind.CONSOLE)


def test_only_the_right_password_of_a_known_account():
    user = make_user()

    assert sign_in.check_password("ann@shop.example", PASSWORD) is user
    assert sign_in.check_password("ann@shop.example", "wrong") is None
    assert sign_in.check_password("eve@shop.example", PASSWORD) is None


def test_each_log_in_has_its_own_token():
    user = make_user()
    first, second = logged_in(user), logged_in(user)

    assert first != second
    assert sign_in.find_person(first, Kind.VENDOR, NOW).id == user.id


@pytest.mark.parametrize(
    ("kind", "later", "is_in"),
    [
        (Kind.VENDOR, timedelta(days=29), True),
        (Kind.VENDOR, timedelta(days=30), False),
        (Kind.CONSOLE, timedelta(minutes=29), True),
        (Kind.CONSOLE, timedelta(minutes=30), False),
    ],
)
def test_log_ins_expire(kind, later, is_in):
    token = logged_in(make_user(), kind)

    assert (sign_in.find_person(token, kind, NOW + later) is not None) is is_in


def test_a_console_log_in_in_use_lasts_twelve_hours():
    token = logged_in(make_user(), Kind.CONSOLE)
    login_id = sign_in.find_person(token, Kind.CONSOLE, NOW).login_id
    for minutes in range(20, 720, 20):
        sign_in.note_seen(login_id, NOW + timedelta(minutes=minutes))

    assert sign_in.find_person(token, Kind.CONSOLE, NOW + timedelta(minutes=719))
    assert sign_in.find_person(token, Kind.CONSOLE, NOW + timedelta(hours=12)) is None


def test_a_vendor_log_in_opens_no_console():
    assert sign_in.find_person(logged_in(make_user()), Kind.CONSOLE, NOW) is None


def test_logging_out_ends_the_log_in_in_the_database():
    token = logged_in(make_user())
    sign_in.close_session(token, NOW)

    assert sign_in.find_person(token, Kind.VENDOR, NOW) is None


def test_a_changed_password_ends_the_other_log_ins():
    user = make_user()
    here, elsewhere = logged_in(user), logged_in(user)
    login_id = sign_in.find_person(here, Kind.VENDOR, NOW).login_id
    password_change.change(user, PASSWORD, NEW, login_id, NOW, NOW)

    assert sign_in.check_password(user.email, NEW) is user
    assert sign_in.find_person(here, Kind.VENDOR, NOW)
    assert sign_in.find_person(elsewhere, Kind.VENDOR, NOW) is None
    assert [event.subject for event in events(password_change.PASSWORD_CHANGED)] == [user.public_id]


def test_a_change_needs_the_current_password():
    user = make_user()
    login_id = sign_in.find_person(logged_in(user), Kind.VENDOR, NOW).login_id

    with pytest.raises(WrongPassword):
        password_change.change(user, "wrong", NEW, login_id, NOW, NOW)
    assert sign_in.check_password(user.email, PASSWORD)


def test_a_reset_works_once_within_an_hour_and_ends_every_log_in():
    user = make_user()
    token = logged_in(user)
    link = links.mint_link_token(links.want(user, Purpose.RESET_PASSWORD, NOW), NOW)
    with pytest.raises(LinkExpired):
        password_change.reset(link, NEW, NOW, NOW + timedelta(hours=1))
    with pytest.raises(Invalid):
        password_change.reset(link, "short", NOW, NOW)
    password_change.reset(link, NEW, NOW, NOW)

    assert sign_in.find_person(token, Kind.VENDOR, NOW) is None
    assert sign_in.check_password(user.email, NEW).verified_at == NOW
    with pytest.raises(LinkExpired):
        password_change.reset(link, "yet another one", NOW, NOW)


def test_only_a_known_address_gets_a_reset_mail():
    user = make_user()
    password_change.want_reset("ANN@shop.example", NOW)
    password_change.want_reset("eve@shop.example", NOW)

    assert [event.subject for event in events(password_change.RESET_WANTED)] == [user.public_id]


def test_a_failure_is_noted_without_what_was_typed():
    sign_in.record_failure("my secret password", Kind.VENDOR, "192.0.2.1", NOW)

    [entry] = db.query(AuditEntry).filter_by(action="sign_in.failed")
    assert (entry.actor, entry.subject) == (audit.NOBODY, "unknown")
    assert entry.facts == {"kind": "vendor", "address": "192.0.2.1"}
