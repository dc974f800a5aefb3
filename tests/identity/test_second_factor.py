"""A code of the second factor works once, and none without one gets in."""

from datetime import timedelta

import pyotp
import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal.identity import operators, queries, second_factor, sign_in
from portal.identity.errors import EmailTaken
from portal.identity.permissions import OperatorRole
from portal.identity.sign_in import Kind
from portal.kit.db import db
from portal.kit.errors import NotFound
from tests.identity.people import NOW, PASSWORD, SECRET_KEY, make_user

pytestmark = pytest.mark.usefixtures("db")
MAIL = "olga@desk.example"


def hire(role=OperatorRole.ADMIN):
    return operators.create(MAIL, PASSWORD, role, SECRET_KEY, NOW, NOW)


def code(enrolment, wall=NOW):
    return pyotp.TOTP(enrolment.secret).at(wall)


def check(code, *, password=PASSWORD, wall=NOW):
    return operators.check(MAIL, password, code, SECRET_KEY, wall)


def test_password_and_code_together_let_in():
    enrolment = hire()

    assert check("000000") is None
    assert check(code(enrolment), password="wrong") is None
    assert check(code(enrolment)).operator_role == "admin"


def test_a_code_works_once_and_no_earlier_one_after_it():
    enrolment = hire()

    assert check(code(enrolment))
    assert check(code(enrolment)) is None
    assert check(code(enrolment, NOW - timedelta(seconds=30))) is None
    assert check(code(enrolment, NOW + timedelta(seconds=30)), wall=NOW + timedelta(seconds=30))


@pytest.mark.parametrize(("seconds", "is_in"), [(-60, False), (-30, True), (30, True), (60, False)])
def test_a_clock_may_be_half_a_minute_off(seconds, is_in):
    enrolment = hire()

    assert (check(code(enrolment, NOW + timedelta(seconds=seconds))) is not None) is is_in


def test_the_database_refuses_a_used_step():
    hire()
    used = text("UPDATE users SET totp_last_step = :step WHERE email = :email")
    db.execute(used, {"step": 100, "email": MAIL})

    with pytest.raises(IntegrityError, match="used once"):
        db.execute(used, {"step": 100, "email": MAIL})


def test_recovery_codes_work_once_however_they_are_typed():
    enrolment = hire()
    first = enrolment.recovery_codes[0]

    assert len(set(enrolment.recovery_codes)) == second_factor.RECOVERY_CODES
    assert check(f" {first.lower().replace('-', ' ')} ")
    assert check(first) is None
    assert queries.count_recovery_codes(queries.find_user(MAIL).id) == 9


def test_the_secret_is_stored_encrypted():
    enrolment = hire()

    assert enrolment.secret not in queries.find_user(MAIL).totp_secret
    assert "secret=" + enrolment.secret in enrolment.uri


def test_a_reset_voids_the_old_device_codes_and_log_ins():
    old = hire()
    token = sign_in.open_session(queries.find_user(MAIL), Kind.CONSOLE, NOW, NOW, has_second_factor=True)
    new = operators.reset_second_factor(MAIL, SECRET_KEY, NOW, NOW)

    assert check(code(old)) is None
    assert check(old.recovery_codes[0]) is None
    assert sign_in.find_person(token, Kind.CONSOLE, NOW) is None
    assert check(code(new))


def test_a_vendor_is_no_operator_until_made_one():
    user = make_user(MAIL)

    assert check("000000") is None
    with pytest.raises(NotFound):
        operators.reset_second_factor(MAIL, SECRET_KEY, NOW, NOW)
    hire(OperatorRole.SUPPORT)
    assert user.operator_role == "support"
    with pytest.raises(EmailTaken):
        hire()


def test_the_database_knows_no_operator_without_second_factor():
    user = make_user()
    user.operator_role = "admin"

    with pytest.raises(IntegrityError, match="second_factor"):
        db.flush()
