"""Notices in the pages: written once for each reader, listed newest first, and marked as read.

How many are unread is asked by every page along with the log-in (``unread_notices`` of the database): it looks at no
more than a hundred of them, however many there are.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Text, bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.kit import ids
from portal.kit.db import db, table_of
from portal.kit.errors import N_, NotFound
from portal.notifications.models import Notice

PAGE_SIZE = 20
_PUBLIC_ID = re.compile(r"ntc_[0-9A-Za-z]{22}", re.ASCII)
_LAST = UUID(int=2**128 - 1)
_ADD = insert(table_of(Notice)).on_conflict_do_nothing(index_elements=["key"])
_THEIRS = Notice.user_id == bindparam("reader")
_NAMED = select(Notice.id).where(_THEIRS, Notice.public_id == bindparam("public_id", type_=Text)).scalar_subquery()
_LIST = (
    select(Notice)
    .where(_THEIRS, Notice.id < func.coalesce(_NAMED, _LAST))
    .order_by(Notice.id.desc())
    .limit(PAGE_SIZE + 1)
)


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of an endless list; ``older`` is the public id after which the next part begins, None at the end."""

    items: Sequence[Notice]
    older: str | None


def write(
    readers: Sequence[UUID], kind: str, business_id: UUID, facts: dict[str, Any], now: datetime, *, about: UUID
) -> None:
    """Tell each of these members of the business's team, if any, once for what it is ``about``: the key of an event.

    :param facts: JSON values that the words of this kind want (``words.py``).
    """
    rows = [
        {
            "id": ids.new_id(),
            "public_id": ids.public_id("ntc"),
            "user_id": reader,
            "business_id": business_id,
            "kind": kind,
            "facts": facts,
            "key": f"{about}:{reader}",
            "created_at": now,
        }
        for reader in readers
    ]
    if rows:
        db.execute(_ADD, rows)


def list_notices(reader: UUID, after: str | None) -> Stretch:
    """Return a part of what a person was told, newest first.

    :param after: public id of the notice that the part before ended with; one that is not theirs is none.
    """
    given = after if after and _PUBLIC_ID.fullmatch(after) else None
    found = db.scalars(_LIST, {"reader": reader, "public_id": given}).all()
    items = found[:PAGE_SIZE]
    return Stretch(items, items[-1].public_id if len(found) > PAGE_SIZE else None)


def read(reader: UUID, public_id: str, now: datetime) -> Notice:
    """Mark a notice as read, where it was not, and return it.

    :raises NotFound: there is none of this person's.
    """
    theirs = update(Notice).where(Notice.user_id == reader, Notice.public_id == public_id)
    read_at = func.coalesce(Notice.read_at, now)
    found = db.scalars(theirs.values(read_at=read_at).returning(Notice)).one_or_none()
    if found is None:
        raise NotFound("notice_not_found", N_("There is no such notice."))
    return found


def read_all(reader: UUID, newest: str, now: datetime) -> None:
    """Mark everything up to the notice ``newest`` as read: what came after it, nobody has seen yet.

    :param newest: public id; one that is not theirs marks nothing.
    """
    if not _PUBLIC_ID.fullmatch(newest):
        return
    seen = select(Notice.id).where(Notice.user_id == reader, Notice.public_id == newest).scalar_subquery()
    unread = update(Notice).where(Notice.user_id == reader, Notice.read_at.is_(None), Notice.id <= seen)
    db.execute(unread.values(read_at=now), execution_options={"synchronize_session": False})
