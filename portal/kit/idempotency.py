"""What was already done for a key: whoever sends the same thing again gets the answer of the first time.

The row is stored in the transaction of the effect, so both are there or neither is. Neither the key nor what was sent
can be read back from it.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped

from portal.kit import ids
from portal.kit.db import Base, Key, db
from portal.kit.errors import N_, Conflict
from portal.kit.tokens import hashed

KEPT = timedelta(hours=24)
"""How long a repetition is recognised (api.md)."""
_REUSED = N_("This was sent before with other contents. Open the page anew and send it again.")


class IdempotencyKey(Base):
    """A key that ``owner`` used; ``answer`` is what it led to, as the face that stored it understands."""

    __tablename__ = "idempotency_keys"

    id: Mapped[Key]
    owner: Mapped[str]
    key_hash: Mapped[str]
    fingerprint: Mapped[str]
    answer: Mapped[dict[str, Any] | None]
    created_at: Mapped[datetime]


class KeyReused(Conflict):
    """The key stands for something else already."""

    def __init__(self) -> None:
        super().__init__("idempotency_key_reused", _REUSED)


def begin(owner: str, key: str, fingerprint: str, wall: datetime) -> dict[str, Any] | None:
    """Take the key for the open transaction; return the earlier answer where the same was done before.

    While another transaction holds the key this one waits for its end: if that was kept, its answer is found, and if
    not, the key is free.

    :param owner: who sends it; the same key of somebody else is another key.
    :param fingerprint: what of the contents must be the same for it to be the same wish.
    :raises KeyReused: the key was used for other contents.
    """
    row = {
        "id": ids.new_id(),
        "owner": owner,
        "key_hash": hashed(key),
        "fingerprint": fingerprint,
        "created_at": wall,
    }
    taken = insert(IdempotencyKey).values(row).on_conflict_do_nothing(index_elements=["owner", "key_hash"])
    if db.execute(taken.returning(IdempotencyKey.id)).first() is not None:
        return None
    earlier = db.execute(select(IdempotencyKey.fingerprint, IdempotencyKey.answer).where(*_is(owner, key))).one()
    if earlier.fingerprint != fingerprint:
        raise KeyReused
    return dict(earlier.answer or {})


def keep(owner: str, key: str, answer: dict[str, Any]) -> None:
    """Store what the taken key led to."""
    db.execute(update(IdempotencyKey).where(*_is(owner, key)).values(answer=answer))


def give_back(owner: str, key: str) -> None:
    """Free a taken key that led to nothing worth keeping."""
    db.execute(delete(IdempotencyKey).where(*_is(owner, key)))


def forget_old(wall: datetime) -> None:
    """Drop keys that nobody is going to repeat."""
    db.execute(delete(IdempotencyKey).where(IdempotencyKey.created_at < wall - KEPT))


def _is(owner: str, key: str) -> tuple[Any, ...]:
    return IdempotencyKey.owner == owner, IdempotencyKey.key_hash == hashed(key)
