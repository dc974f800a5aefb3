"""Editions of what the public sees: every committed write to it makes a new one (triggers of migration 0018).

Whoever keeps something made of it keeps it under the edition that was read *before* it was made: then whatever is
written meanwhile makes a newer edition, under which the old thing is never found.
"""

from sqlalchemy import ColumnElement, ScalarSelect, func, select, text
from sqlalchemy.orm import Mapped, mapped_column

from portal.kit.db import Base, db

DIRECTORY = "directory"
"""What a listing shows in a list: name, category, town, and whether it is listed at all."""
PRICES = "prices"
_FOLD = text(
    "WITH many AS (SELECT tag FROM content_marks GROUP BY tag HAVING count(*) > 1 LIMIT 10000), "
    "gone AS (DELETE FROM content_marks WHERE tag IN (SELECT tag FROM many) RETURNING tag, mark) "
    "INSERT INTO content_marks (tag, mark) SELECT tag, bit_xor(mark) FROM gone GROUP BY tag"
)


class ContentMark(Base):
    """A random number that one write left; all of a tag's together, by exclusive or, are its edition."""

    __tablename__ = "content_marks"

    tag: Mapped[str] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True)
    mark: Mapped[int]


def edition(tag: str | ColumnElement[str]) -> ScalarSelect[int]:
    """Return the expression of a tag's edition, to be asked along with something else.

    :param tag: one of the constants above, or a business's primary key as text for all that its listing shows.
    """
    return select(func.coalesce(func.bit_xor(ContentMark.mark), 0)).where(ContentMark.tag == tag).scalar_subquery()


def fold() -> None:
    """Put the marks of each tag together into one, which is the same edition."""
    db.execute(_FOLD)
