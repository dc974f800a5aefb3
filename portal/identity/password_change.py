"""Changing a password by its owner or renewing a forgotten one by mail; both end the log-ins that might be others'."""

from datetime import datetime
from uuid import UUID

from portal.identity import audit, links, passwords, queries, sign_in
from portal.identity.errors import WrongPassword
from portal.identity.links import Purpose
from portal.identity.models import User
from portal.identity.registration import mail_facts, normal_email
from portal.kit import outbox

RESET_WANTED = "identity.password_reset_wanted"
PASSWORD_CHANGED = "identity.password_changed"  # noqa: S105 - the name of an event


def want_reset(email: str, now: datetime) -> None:
    """Ask for a mail with a link for a new password; an unknown address is answered with the same silence.

    :raises Invalid: no e-mail address at all.
    """
    user = queries.find_user(normal_email(email))
    audit.record(audit.NOBODY, "password.reset_wanted", user.public_id if user else "unknown", {}, now)
    link_id = links.want(user, Purpose.RESET_PASSWORD, now) if user else None
    if user is not None and link_id is not None:
        outbox.record(RESET_WANTED, user.public_id, mail_facts(user, link_id=str(link_id)), now)


def reset(token: str, new_password: str, now: datetime, wall: datetime) -> User:
    """Set a new password with the link of a mail, which also proves the address, and end every log-in.

    :raises LinkExpired: used, older than an hour or unknown.
    :raises Invalid: the password is too short or too long; the link stays good.
    """
    password_hash = passwords.hashed(new_password)
    user = links.spend(token, Purpose.RESET_PASSWORD, wall)
    user.verified_at = user.verified_at or now
    _set(user, password_hash, "password.reset", now)
    sign_in.close_all_sessions(user.id, wall)
    return user


def change(user: User, current: str, new_password: str, login_id: UUID, now: datetime, wall: datetime) -> None:
    """Change the password of whoever knows the current one; all log-ins but this one end.

    :raises WrongPassword: ``current`` is not it.
    :raises Invalid: the new one is too short or too long.
    """
    if not passwords.is_right(user.password_hash, current):
        raise WrongPassword
    _set(user, passwords.hashed(new_password), "password.changed", now)
    sign_in.close_all_sessions(user.id, wall, keep=login_id)


def _set(user: User, password_hash: str, action: str, now: datetime) -> None:
    user.password_hash = password_hash
    audit.record(user.public_id, action, user.public_id, {}, now)
    outbox.record(PASSWORD_CHANGED, user.public_id, mail_facts(user), now)
