"""Tables of identity. Triggers (migration 0002) keep used codes used, owners present and the audit log unchanged."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from portal.kit.db import Base, Key


class User(Base):
    """A person with a log-in. An operator is a user with an ``operator_role`` and therefore a second factor."""

    __tablename__ = "users"

    id: Mapped[Key]
    public_id: Mapped[str]
    email: Mapped[str]
    """ASCII and lower case (an international domain in its xn-- form), so that one address is one account."""
    name: Mapped[str]
    password_hash: Mapped[str]
    locale: Mapped[str] = mapped_column(default="en")
    verified_at: Mapped[datetime | None]
    operator_role: Mapped[str | None]
    totp_secret: Mapped[str | None]
    """Encrypted; see ``second_factor.py``."""
    totp_last_step: Mapped[int | None] = mapped_column(BigInteger)
    """The newest 30-second step whose code was used; only later ones count."""
    reminded_at: Mapped[datetime | None]
    """When its owner was last told by mail that the address is registered already."""
    created_at: Mapped[datetime]


class RecoveryCode(Base):
    """A code that stands in once for a lost second factor; only its hash is kept."""

    __tablename__ = "recovery_codes"

    id: Mapped[Key]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    code_hash: Mapped[str]
    used_at: Mapped[datetime | None]


class LoginSession(Base):
    """A log-in of one browser: ``vendor`` pages or the operators' ``console``. All its times are wall time."""

    __tablename__ = "login_sessions"

    id: Mapped[Key]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    kind: Mapped[str]
    token_hash: Mapped[str]
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    second_factor_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class LoginAttempts(Base):
    """How often one address tried one account (a hash of what was typed, so that unknown accounts count too)."""

    __tablename__ = "login_attempts"

    account: Mapped[str] = mapped_column(primary_key=True)
    address: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int] = mapped_column(default=0)
    last_attempt_at: Mapped[datetime]
    last_success_at: Mapped[datetime | None]


class EmailToken(Base):
    """A link in a mail. The row exists from the wish; token and expiry (wall time) come when the mail is written."""

    __tablename__ = "email_tokens"

    id: Mapped[Key]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    purpose: Mapped[str]
    token_hash: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    used_at: Mapped[datetime | None]


class TeamMember(Base):
    """What a user may do for a business; a business keeps at least one owner."""

    __tablename__ = "team_members"

    id: Mapped[Key]
    public_id: Mapped[str]
    business_id: Mapped[UUID]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    role: Mapped[str]
    may_spend: Mapped[bool] = mapped_column(default=False)
    """A manager who may also pay and change the tier."""
    created_at: Mapped[datetime]

    user: Mapped[User] = relationship(lazy="raise")


class TeamInvitation(Base):
    """An open seat for an e-mail address; accepted by the log-in of that address, or withdrawn."""

    __tablename__ = "team_invitations"

    id: Mapped[Key]
    public_id: Mapped[str]
    business_id: Mapped[UUID]
    business_name: Mapped[str]
    """As it was when inviting: what the invited person is shown."""
    email: Mapped[str]
    role: Mapped[str]
    may_spend: Mapped[bool] = mapped_column(default=False)
    invited_by: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    token_hash: Mapped[str | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    accepted_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]


class AuditEntry(Base):
    """Who did what to whom, and when. Sealing adds place and hashes once; nothing else ever changes."""

    __tablename__ = "audit_log"

    id: Mapped[Key]
    at: Mapped[datetime]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    facts: Mapped[dict[str, Any]]
    seq: Mapped[int | None] = mapped_column(BigInteger)
    prev_hash: Mapped[str | None]
    hash: Mapped[str | None]
