"""What each person wants by mail beside the pages, by category. Nothing chosen means it is wanted."""

from collections.abc import Collection, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from portal.kit.db import db, table_of
from portal.notifications.kinds import OPTIONAL, Category
from portal.notifications.models import MailChoice

_CHOOSE = insert(table_of(MailChoice))
_CHOOSE = _CHOOSE.on_conflict_do_update(
    index_elements=["user_id", "category"],
    set_={name: _CHOOSE.excluded[name] for name in ("is_wanted", "changed_at")},
)


def mail_choices(user_id: UUID) -> dict[Category, bool]:
    """Return whether a person wants mail, for each category that may be turned off."""
    query = select(MailChoice.category, MailChoice.is_wanted).where(MailChoice.user_id == user_id)
    chosen = {row.category: row.is_wanted for row in db.execute(query)}
    return {category: chosen.get(category, True) for category in OPTIONAL}


def choose(user_id: UUID, wanted: Mapping[Category, bool], now: datetime) -> None:
    """Store what a person wants by mail; categories that always go are nobody's to choose (the database refuses)."""
    for category, is_wanted in wanted.items():
        row = {"user_id": user_id, "category": category, "is_wanted": is_wanted, "changed_at": now}
        db.execute(_CHOOSE, row)


def who_declined(category: Category, user_ids: Collection[UUID]) -> set[UUID]:
    """Return which of these people want no mail of a category."""
    if category not in OPTIONAL:
        return set()
    theirs = select(MailChoice.user_id).where(MailChoice.user_id.in_(user_ids), MailChoice.category == category)
    return set(db.scalars(theirs.where(~MailChoice.is_wanted)))
