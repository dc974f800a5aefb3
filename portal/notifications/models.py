"""The tables of what people are told: e-mails, notices in the pages, and who wants what by mail."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.db import Base, Key


class Email(Base):
    """A mail to one recipient, unique by ``key``: whatever happens twice, one mail is sent."""

    __tablename__ = "emails"

    id: Mapped[Key]
    key: Mapped[str]
    recipient: Mapped[str]
    locale: Mapped[str]
    template: Mapped[str]
    facts: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(default="queued")
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class MailChoice(Base):
    """Whether a person wants mail of a category; without a row they do."""

    __tablename__ = "mail_choices"

    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"), primary_key=True)
    category: Mapped[str] = mapped_column(primary_key=True)
    is_wanted: Mapped[bool]
    changed_at: Mapped[datetime]


class Notice(Base):
    """What one person was told in the pages, as a ``kind`` with its facts, unique by ``key``.

    One about a business belongs to a member of its team and goes with the seat (a foreign key of migration 0023).
    """

    __tablename__ = "notices"

    id: Mapped[Key]
    public_id: Mapped[str]
    user_id: Mapped[UUID] = mapped_column(ForeignKey("users.id"))
    business_id: Mapped[UUID | None]
    kind: Mapped[str]
    facts: Mapped[dict[str, Any]]
    key: Mapped[str]
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]
