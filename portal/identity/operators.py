"""Operators of the directory: made at the command line, logged in with password and second factor.

Nobody becomes one through a page, and none is without a second factor (the database refuses it).
"""

from datetime import datetime

from portal.identity import audit, passwords, queries, registration, second_factor, sign_in
from portal.identity.errors import EmailTaken
from portal.identity.models import User
from portal.identity.permissions import OperatorRole
from portal.identity.second_factor import Enrolment
from portal.kit.db import db
from portal.kit.errors import N_, NotFound


def create(email: str, password: str, role: OperatorRole, secret_key: str, now: datetime, wall: datetime) -> Enrolment:
    """Make an operator; an account of that address becomes one, takes this password and is logged out everywhere.

    :raises Invalid: no e-mail address, or a password too short or too long.
    :raises EmailTaken: an operator of this address exists.
    """
    address, password_hash = registration.normal_email(email), passwords.hashed(password)
    user = registration.create_user(address.partition("@")[0], address, password_hash, "en", now)
    user = user or queries.get_user_of(address)
    if user.operator_role is not None:
        raise EmailTaken(address)
    enrolment = second_factor.enrol(user, secret_key)
    user.operator_role, user.password_hash, user.verified_at = role, password_hash, user.verified_at or now
    sign_in.close_all_sessions(user.id, wall)
    audit.record(audit.SYSTEM, "operator.created", user.public_id, {"role": role}, now)
    return enrolment


def reset_second_factor(email: str, secret_key: str, now: datetime, wall: datetime) -> Enrolment:
    """Replace an operator's second factor and recovery codes, and end every log-in.

    :raises NotFound: no operator has this address.
    """
    user = queries.find_user(registration.normal_email(email))
    if user is None or user.operator_role is None:
        raise NotFound("operator_not_found", N_("There is no operator of this address."))
    enrolment = second_factor.enrol(user, secret_key)
    sign_in.close_all_sessions(user.id, wall)
    audit.record(audit.SYSTEM, "operator.second_factor_reset", user.public_id, {}, now)
    return enrolment


def check(email: str, password: str, code: str, secret_key: str, wall: datetime) -> User | None:
    """Return the operator whom password and code prove; None whatever is wrong. The code is used up."""
    user = sign_in.check_password(email, password)
    if user is None or user.operator_role is None:
        return None
    db.flush()
    return user if second_factor.use_code(user, code, secret_key, wall) else None
