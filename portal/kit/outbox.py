"""Domain events: what happened, stored in the transaction in which it happened.

The worker fans each out later to everyone who wants to know; the room that records it knows none of them.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select
from sqlalchemy.orm import Mapped

from portal.kit import ids, jobs
from portal.kit.db import Base, Key, db, table_of

FAN_OUT = "outbox.fan_out"


class DomainEvent(Base):
    """``name`` happened to ``subject`` (a public id); ``facts`` are what readers need, small and JSON."""

    __tablename__ = "domain_events"

    id: Mapped[Key]
    name: Mapped[str]
    subject: Mapped[str]
    facts: Mapped[dict[str, Any]]
    occurred_at: Mapped[datetime]


_ADD = insert(table_of(DomainEvent))


def record(name: str, subject: str, facts: dict[str, Any], now: datetime) -> UUID:
    """Store an event and stage its fan-out.

    :param subject: public id of what it happened to.
    :param facts: JSON values; amounts as minor units beside their currency.
    """
    event_id = ids.new_id()
    db.execute(_ADD, {"id": event_id, "name": name, "subject": subject, "facts": facts, "occurred_at": now})
    jobs.stage(FAN_OUT, queue=jobs.Queue.DEFAULT, due_at=now, key=f"event:{event_id}", event_id=str(event_id))
    return event_id


def get(event_id: UUID) -> DomainEvent:
    """Return a stored event."""
    return db.scalars(select(DomainEvent).where(DomainEvent.id == event_id)).one()
