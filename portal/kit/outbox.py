"""Domain events: what happened, stored in the transaction in which it happened.

The worker fans each out later to everyone who wants to know; the room that records it knows none of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, insert, select
from sqlalchemy.orm import Mapped

from portal.kit import ids, jobs, logging, sets
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


_EVENT = table_of(DomainEvent)
_GIVEN = ("id", "name", "subject", "facts", "occurred_at")
_STORED = (
    insert(_EVENT)
    .values({name: bindparam(f"its_{name}", type_=_EVENT.c[name].type) for name in _GIVEN})
    .returning(_EVENT.c.id)
    .cte("stored")
)
_RECORD = jobs.staged_for(FAN_OUT, queue=jobs.Queue.DEFAULT, subjects=select(_STORED.c.id), argument="event_id")


def record(name: str, subject: str, facts: dict[str, Any], now: datetime) -> UUID:
    """Store an event and stage its fan-out, by one statement.

    :param subject: public id of what it happened to.
    :param facts: JSON values; amounts as minor units beside their currency.
    """
    event_id = ids.new_id()
    given = (event_id, name, subject, facts, now)
    row = {f"its_{column}": value for column, value in zip(_GIVEN, given, strict=True)}
    db.execute(_RECORD, row | {"request_id": logging.request_id()})
    jobs.wake_for(jobs.Queue.DEFAULT)
    return event_id


@dataclass(frozen=True, slots=True)
class Happened:
    """An event before it is stored; see ``record``."""

    name: str
    subject: str
    facts: dict[str, Any]


def record_all(happened: Sequence[Happened], queue: jobs.Queue, now: datetime) -> None:
    """Store many events and stage the fan-out of each in ``queue``, by two statements."""
    rows = [
        {"id": ids.new_id(), "name": one.name, "subject": one.subject, "facts": one.facts, "occurred_at": now}
        for one in happened
    ]
    sets.insert_rows(_EVENT, rows)
    jobs.stage_all(FAN_OUT, queue=queue, due_at=now, args=[{"event_id": str(row["id"])} for row in rows])


def get(event_id: UUID) -> DomainEvent:
    """Return a stored event."""
    return db.scalars(select(DomainEvent).where(DomainEvent.id == event_id)).one()
