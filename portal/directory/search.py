"""Search of the public directory: words with typing mistakes, Chinese without spaces, a category, near a point.

It finds listed businesses only. Counting stops at 10,000 and says so; the order is the same on every page.
"""

import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, Text, and_, cast, false, func, literal, or_, select

from portal.directory.geography import Near, nearest_branches
from portal.directory.models import Branch, Business, Entitlement, SearchRow
from portal.directory.visibility import SHOWN_LIMIT
from portal.kit import editions
from portal.kit.db import db
from portal.kit.errors import N_, NotFound
from portal.kit.pagination import PAGE_SIZE, Page

MAX_COUNT = 10_000
MAX_TEXT = 100
_CJK = re.compile("[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]+")
_WITHOUT_APOSTROPHES = str.maketrans("", "", "'’")
_MAX_WORDS = 8
_LIKE_ENOUGH = "0.4"  # finds "lantrn" for "lantern"; PostgreSQL's own 0.6 does not
_SHORTEST_WITH_MISTAKES = 4  # a shorter word has too few trigrams to be recognised
_LIKE_ENOUGH = "0.4"  # of a word's trigrams; found by trying usual mistakes, such as two letters swapped
_MAX_ALIKE = 200


@dataclass(frozen=True, slots=True)
class Found:
    """A business in the results; ``metres`` to its nearest branch where a point was given."""

    business: Business
    city: str
    metres: float | None


@dataclass(frozen=True, slots=True)
class Listing:
    """A listed business, and the edition of all that its listing shows."""

    business: Business
    edition: int
    shown_limit: int | None
    """How many of its products are shown at most; None: all."""


@dataclass(frozen=True, slots=True)
class Terms:
    """A typed text in parts: words of spaced writing, and tokens of writing without spaces."""

    words: tuple[str, ...]
    tokens: tuple[str, ...]


def terms(text: str) -> Terms:
    """Take a typed text apart, at most 100 characters and 8 words of it.

    A run of Chinese, Japanese or Korean becomes its pairs of neighbours, as the stored column has them.
    """
    text = unicodedata.normalize("NFC", text[:MAX_TEXT])
    runs = _CJK.findall(text)
    pairs = [run[start : start + 2] for run in runs for start in range(max(1, len(run) - 1))]
    words = re.findall(r"\w+", _CJK.sub(" ", text).translate(_WITHOUT_APOSTROPHES))
    return Terms(tuple(words[:_MAX_WORDS]), tuple(dict.fromkeys(pairs)))


def search(*, text: str = "", category: str = "", near: Near | None = None, number: int = 1) -> Page[Found]:
    """Return a page of the listed businesses that fit everything asked for.

    Words are sought as written first; where that fills no page, the 200 likest follow.

    :param category: a code of ``categories``; empty for all.
    :param number: page from 1; beyond the last it is the last.
    """
    wanted = terms(text)
    conditions: list[ColumnElement[bool]] = [Entitlement.is_listed.is_(True)]
    conditions += [Business.category == category] if category else []
    conditions += [SearchRow.cjk.contains(list(wanted.tokens))] if wanted.tokens else []
    conditions += [false()] if text.strip() and not wanted.words and not wanted.tokens else []
    exact = [*conditions, _as_written(wanted.words)] if wanted.words else conditions
    total = _count(near, exact)
    if wanted.words and total < PAGE_SIZE:
        likest = _likest(near, conditions, wanted.words)
        number = _within(number, len(likest))
        shown = likest[(number - 1) * PAGE_SIZE : number * PAGE_SIZE]
        return Page(_found(dict(shown)), number, len(likest))
    counted = min(total, MAX_COUNT)
    number = _within(number, counted)
    return Page(_found(_rows(near, exact, wanted, number)), number, counted, is_capped=total > MAX_COUNT)


def edition() -> int:
    """Return the edition of what the directory shows where no words and no place are asked for."""
    return int(db.execute(select(editions.edition(editions.DIRECTORY))).scalar_one())


def get_listed(slug: str) -> Listing:
    """Return the listing of an address.

    :raises NotFound: there is none, or it is not listed.
    """
    query = select(Business, editions.edition(cast(Business.id, Text)), SHOWN_LIMIT)
    query = query.join(Entitlement, Entitlement.business_id == Business.id)
    found = db.execute(query.where(Business.slug == slug, Entitlement.is_listed.is_(True))).one_or_none()
    if found is None:
        raise NotFound("no_such_listing", N_("There is no such listing. It may have closed or moved."))
    return Listing(*found)


def _as_written(words: Sequence[str]) -> ColumnElement[bool]:
    return SearchRow.lexemes.op("@@", is_comparison=True)(_query(words))


def _likest(
    near: Near | None, conditions: Sequence[ColumnElement[bool]], words: Sequence[str]
) -> list[tuple[UUID, float | None]]:
    """Return the businesses with these words and then those with words like them, the likest first, near ones nearest.

    Each word long enough must be like some word of the business (trigrams, index on ``words``).
    """
    db.execute(select(func.set_config("pg_trgm.word_similarity_threshold", _LIKE_ENOUGH, True)))
    long = [func.unaccent(word) for word in words if len(word) >= _SHORTEST_WITH_MISTAKES]
    alike = and_(*(SearchRow.words.op("%>", is_comparison=True)(word) for word in long)) if long else false()
    written = _as_written(words)
    likeness = sum((func.word_similarity(word, SearchRow.words) for word in long), start=literal(0))
    query = _listed(near, [*conditions, or_(written, alike)])
    rows = db.execute(query.order_by(written.desc(), likeness.desc(), Business.name, Business.id).limit(_MAX_ALIKE))
    found = [(row.id, row.metres if near is not None else None) for row in rows]
    return sorted(found, key=lambda row: row[1] or 0.0)


def _query(words: Sequence[str]) -> ColumnElement[Any]:
    return func.plainto_tsquery("english", func.unaccent(" ".join(words)))


def _listed(near: Near | None, conditions: Sequence[ColumnElement[bool]], *columns: Any) -> Select[Any]:
    query = (
        select(Business.id, *columns)
        .join(Entitlement, Entitlement.business_id == Business.id)
        .join(SearchRow, SearchRow.business_id == Business.id)
        .where(*conditions)
    )
    if near is not None:
        close = nearest_branches(near)
        query = query.join(close, close.c.business_id == Business.id).add_columns(close.c.metres)
    return query


def _count(near: Near | None, conditions: Sequence[ColumnElement[bool]]) -> int:
    some = _listed(near, conditions).limit(MAX_COUNT + 1).subquery()
    return db.scalars(select(func.count()).select_from(some)).one()


def _rows(
    near: Near | None, conditions: Sequence[ColumnElement[bool]], wanted: Terms, number: int
) -> Mapping[UUID, float | None]:
    query = _listed(near, conditions)
    if near is not None:
        query = query.order_by(query.selected_columns.metres)
    elif wanted.words:
        query = query.order_by(func.ts_rank(SearchRow.lexemes, _query(wanted.words)).desc())
    elif wanted.tokens:
        query = query.order_by(func.strpos(Business.name, wanted.tokens[0]) == 0)
    query = query.order_by(Business.name, Business.id)
    rows = db.execute(query.offset((number - 1) * PAGE_SIZE).limit(PAGE_SIZE))
    return {row.id: row.metres if near is not None else None for row in rows}


def _within(number: int, total: int) -> int:
    return min(number, max(1, -(-total // PAGE_SIZE)))


def _found(rows: Mapping[UUID, float | None]) -> list[Found]:
    businesses = {found.id: found for found in db.scalars(select(Business).where(Business.id.in_(rows)))}
    main = select(Branch.business_id, Branch.city).where(Branch.business_id.in_(rows), Branch.is_main)
    cities = {row.business_id: row.city for row in db.execute(main)}
    return [Found(businesses[key], cities.get(key, ""), metres) for key, metres in rows.items()]
