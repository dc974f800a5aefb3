"""The audit log: appended plain, then sealed into a chain of hashes, so that a missing or altered entry shows.

Nothing here changes what an entry says; the database refuses it too.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Row, insert, select, text

from portal.identity.models import AuditEntry
from portal.kit.db import FRESH, db, table_of

NOBODY = "anonymous"
SYSTEM = "system"
_BATCH = 5000
_ADD = insert(table_of(AuditEntry))
_ONE_SEALER = text("SELECT pg_advisory_xact_lock(hashtext('audit_log seal'))")


def record(actor: str, action: str, subject: str, facts: dict[str, Any], now: datetime) -> None:
    """Append an entry to the log.

    :param actor: public id of who did it, ``NOBODY`` or ``SYSTEM``.
    :param action: what was done, ``thing.verb`` in the past ("team.joined").
    :param subject: public id of what it was done to.
    :param facts: JSON values that explain it; no secrets.
    """
    db.execute(_ADD, {"at": now, "actor": actor, "action": action, "subject": subject, "facts": facts})


def seal(now: datetime) -> int:
    """Chain the entries committed since the last time, a batch at most; return how many. Run every minute.

    :param now: not part of the seal; every scheduled function takes it.
    """
    db.execute(_ONE_SEALER)
    last = db.scalars(select(AuditEntry).where(AuditEntry.seq.is_not(None)).order_by(AuditEntry.seq.desc()).limit(1))
    newest = last.one_or_none()
    seq, previous = (newest.seq or 0, newest.hash or START.hash) if newest else (START.seq, START.hash)
    waiting = select(AuditEntry).where(AuditEntry.seq.is_(None)).order_by(AuditEntry.id).limit(_BATCH)
    entries = db.scalars(waiting.execution_options(**FRESH)).all()
    for entry in entries:
        seq += 1
        entry.seq, entry.prev_hash = seq, previous
        entry.hash = previous = _hash(entry)
    db.flush()
    return len(entries)


@dataclass(frozen=True, slots=True)
class Link:
    """An entry of the chain that the next one must continue."""

    seq: int
    hash: str


START = Link(0, "0" * 64)
"""What the first entry continues."""


def verify_on(link: Link, most: int) -> tuple[str | None, Link | None]:
    """Recompute the chain after ``link`` for so many entries; return what is wrong with it, and where to go on.

    There is nowhere to go on where something is wrong, or at the end. The entries are read as plain values: entities
    would take half as long again.
    """
    wanted = select(*AuditEntry.__table__.columns).where(AuditEntry.seq > link.seq).order_by(AuditEntry.seq).limit(most)
    entries = db.execute(wanted).all()
    for entry in entries:
        if entry.seq != link.seq + 1:
            return f"entry {link.seq + 1} is missing", None
        if entry.prev_hash != link.hash or entry.hash != _hash(entry):
            return f"entry {entry.seq} was altered", None
        link = Link(entry.seq, entry.hash)
    return None, link if len(entries) == most else None


def _hash(entry: AuditEntry | Row[Any]) -> str:
    said: list[Any] = [entry.seq, entry.prev_hash, str(entry.id), entry.at.astimezone(UTC).isoformat()]
    said += [entry.actor, entry.action, entry.subject, entry.facts]
    canonical = json.dumps(said, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode()).hexdigest()
