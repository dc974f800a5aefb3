"""The table of e-mails."""

from datetime import datetime
from typing import Any

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
