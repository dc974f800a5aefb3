"""Logging in and out. A log-in is a row whose secret token lives in the browser's cookie; only its hash is stored.

All times are wall time (``wall``), which nobody moves; wrong guesses are counted by ``throttle.py``.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import DateTime, Integer, bindparam, func, select, update

from portal.identity import audit, passwords, queries
from portal.identity.models import LoginSession, User
from portal.kit import tokens
from portal.kit.db import db, table_of


class Kind(StrEnum):
    """Which pages a log-in opens."""

    VENDOR = "vendor"
    CONSOLE = "console"


_LASTS = {Kind.VENDOR: timedelta(days=30), Kind.CONSOLE: timedelta(hours=12)}
_IDLE = {Kind.VENDOR: timedelta(days=30), Kind.CONSOLE: timedelta(minutes=30)}
SEEN_EVERY = timedelta(minutes=1)
"""A log-in's last use is noted at most this often, so that reading pages rarely writes."""
_login, _user = table_of(LoginSession).c, table_of(User).c
_PERSON = (
    select(
        _login.id.label("login_id"),
        _login.last_seen_at,
        _user.id,
        _user.public_id,
        _user.email,
        _user.name,
        _user.locale,
        _user.verified_at,
        _user.operator_role,
        func.unread_notices(_user.id, type_=Integer).label("unread_notices"),
        func.business_now(type_=DateTime(timezone=True)).label("now"),
    )
    .join_from(_login.id.table, _user.id.table, _user.id == _login.user_id)
    .where(
        _login.token_hash == bindparam("token_hash"),
        _login.kind == bindparam("kind"),
        _login.revoked_at.is_(None),
        _login.expires_at > bindparam("wall"),
        _login.last_seen_at > bindparam("idle_since"),
    )
)
"""Asked by every page, so it is put together once; what every page shows or whatever changes something needs of the
database is asked along: the unread notices, which the room above counts by a function there, and the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Who is logged in, as plain values: they stay readable after the transaction that read them."""

    login_id: UUID
    id: UUID
    public_id: str
    email: str
    name: str
    locale: str
    is_verified: bool
    operator_role: str | None
    is_seen_note_due: bool
    unread_notices: int
    """At most 100, which stands for as many or more."""
    now: datetime
    """Business time of the transaction that found them."""

    @property
    def is_operator(self) -> bool:
        """Whether this person works for the directory's operator."""
        return self.operator_role is not None


def check_password(email: str, password: str) -> User | None:
    """Return the user whose password this is; otherwise None, after the same time whatever was wrong."""
    user = queries.find_user(email)
    if not passwords.is_right(user.password_hash if user else None, password):
        return None
    if user is not None:
        user.password_hash = passwords.rehashed(user.password_hash, password)
    return user


def open_session(user: User, kind: Kind, now: datetime, wall: datetime, *, has_second_factor: bool = False) -> str:
    """Begin a log-in and return its token, which is always a new one (no session fixation).

    :param now: business time for the audit log; the session itself counts in wall time.
    """
    token = tokens.new_token()
    db.add(
        LoginSession(
            user_id=user.id,
            kind=kind,
            token_hash=tokens.hashed(token),
            created_at=wall,
            last_seen_at=wall,
            expires_at=wall + _LASTS[kind],
            second_factor_at=wall if has_second_factor else None,
        )
    )
    audit.record(user.public_id, "sign_in.succeeded", user.public_id, {"kind": kind}, now)
    return token


def find_person(token: str, kind: Kind, wall: datetime) -> Person | None:
    """Return who is logged in with ``token``; None when the log-in ended, expired or stood idle too long."""
    known = {"token_hash": tokens.hashed(token), "kind": kind, "wall": wall, "idle_since": wall - _IDLE[kind]}
    found = db.execute(_PERSON, known).one_or_none()
    if found is None:
        return None
    return Person(
        login_id=found.login_id,
        id=found.id,
        public_id=found.public_id,
        email=found.email,
        name=found.name,
        locale=found.locale,
        is_verified=found.verified_at is not None,
        operator_role=found.operator_role,
        is_seen_note_due=found.last_seen_at <= wall - SEEN_EVERY,
        unread_notices=found.unread_notices,
        now=found.now,
    )


def note_seen(login_id: UUID, wall: datetime) -> None:
    """Note that a log-in is in use, which keeps a console log-in from ending idle."""
    db.execute(update(LoginSession).where(LoginSession.id == login_id).values(last_seen_at=wall))


def close_session(token: str, wall: datetime) -> None:
    """End the log-in of ``token``; ending it twice changes nothing."""
    ended = update(LoginSession).where(LoginSession.token_hash == tokens.hashed(token))
    db.execute(ended.where(LoginSession.revoked_at.is_(None)).values(revoked_at=wall))


def close_all_sessions(user_id: UUID, wall: datetime, *, keep: UUID | None = None) -> None:
    """End all log-ins of a user, except ``keep``: after a change of password or of role."""
    ended = update(LoginSession).where(LoginSession.user_id == user_id, LoginSession.revoked_at.is_(None))
    if keep is not None:
        ended = ended.where(LoginSession.id != keep)
    db.execute(ended.values(revoked_at=wall))


def record_failure(email: str, kind: Kind, address: str, now: datetime) -> None:
    """Note a failed log-in in the audit log, without what was typed: for an unknown account it may be a password."""
    user = queries.find_user(email)
    subject = user.public_id if user else "unknown"
    audit.record(audit.NOBODY, "sign_in.failed", subject, {"kind": kind, "address": address}, now)
