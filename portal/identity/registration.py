"""Registering, proving an e-mail address, and an account's own details.

Registering with a known address answers exactly as with a new one; only the address's owner is told, by mail.
"""

from datetime import datetime, timedelta

from email_validator import EmailNotValidError, validate_email
from sqlalchemy import or_, update
from sqlalchemy.dialects.postgresql import insert

from portal.identity import audit, links, passwords
from portal.identity.links import Purpose
from portal.identity.models import User
from portal.kit import ids, outbox
from portal.kit.db import db
from portal.kit.errors import N_, Invalid
from portal.kit.i18n import known_locale

EMAIL_VERIFICATION_WANTED = "identity.email_verification_wanted"
ALREADY_REGISTERED = "identity.already_registered"
_REMINDED_EVERY = timedelta(hours=1)


def normal_email(given: str) -> str:
    """Return the one form in which an address is stored and compared: ASCII, lower case.

    :raises Invalid: no e-mail address. Whether mail arrives there is shown by mail, not by asking name servers.
    """
    try:
        checked = validate_email(given.strip(), check_deliverability=False, allow_smtputf8=False, test_environment=True)
    except EmailNotValidError as error:
        message = N_("This is not an e-mail address we can write to.")
        raise Invalid("email_invalid", message, fields={"email": message}) from error
    return (checked.ascii_email or checked.normalized).lower()


def register(name: str, email: str, password: str, locale: str, now: datetime) -> User | None:
    """Open an account and ask for its address to be proved; return None, after the same work, when there is one.

    :raises Invalid: by field.
    """
    address, password_hash = normal_email(email), passwords.hashed(password)
    user = create_user(name, address, password_hash, locale, now)
    if user is None:
        _remind(address, now)
        return None
    audit.record(user.public_id, "user.registered", user.public_id, {}, now)
    want_verification(user, now)
    return user


def _remind(address: str, now: datetime) -> None:
    """Tell the owner of a registered address, at most once an hour: anybody may type it, over and over."""
    due = or_(User.reminded_at.is_(None), User.reminded_at <= now - _REMINDED_EVERY)
    reminded = update(User).where(User.email == address, due).values(reminded_at=now).returning(User)
    user = db.scalars(reminded).one_or_none()
    if user is not None:
        outbox.record(ALREADY_REGISTERED, user.public_id, mail_facts(user), now)


def create_user(name: str, address: str, password_hash: str, locale: str, now: datetime) -> User | None:
    """Store a user of a normalised address; None when somebody has it, were it only since a moment ago."""
    row = {
        "public_id": ids.public_id("usr"),
        "email": address,
        "name": name,
        "password_hash": password_hash,
        "locale": known_locale(locale),
        "created_at": now,
    }
    return db.scalars(insert(User).values(row).on_conflict_do_nothing().returning(User)).one_or_none()


def want_verification(user: User, now: datetime) -> None:
    """Ask for a mail with a link that proves the user's address; nothing where it is proved already."""
    if user.verified_at is None:
        link_id = links.want(user, Purpose.VERIFY_EMAIL, now)
        if link_id is not None:
            outbox.record(EMAIL_VERIFICATION_WANTED, user.public_id, mail_facts(user, link_id=str(link_id)), now)


def verify_email(token: str, now: datetime, wall: datetime) -> User:
    """Use the link of a mail up and take its user's address as proved.

    :raises LinkExpired: used, older than 48 hours or unknown.
    """
    user = links.spend(token, Purpose.VERIFY_EMAIL, wall)
    user.verified_at = user.verified_at or now
    audit.record(user.public_id, "email.verified", user.public_id, {}, now)
    return user


def change_details(user: User, name: str, locale: str) -> None:
    """Change what the user is called and the language of pages and mails."""
    user.name = name
    user.locale = known_locale(locale)


def mail_facts(user: User, **more: str) -> dict[str, str]:
    """Return what every mail to a user needs: where to, in which language, how to address."""
    return {"to": user.email, "locale": user.locale, "name": user.name, **more}
