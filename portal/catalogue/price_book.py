"""The versioned price book. Versions are added, never changed: who bought under one keeps it.

What is only shown may come from the cache (``tiers_on_sale``); what is charged is always read from the database.
"""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import ARRAY, Text, any_, bindparam, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from portal.catalogue.errors import UnknownOffer
from portal.catalogue.models import Price, PriceVersion
from portal.kit import cache, editions, ids
from portal.kit.db import db, table_of
from portal.kit.money import Money

BRANCH = "branch"
HIBERNATION = "hibernation"
VENDOR = "vendor"
_FIRST_START = datetime(2020, 1, 1, tzinfo=UTC)
# Code, audience, minor units, currency, tier?, product limit, receives: product.md, *Prices*.
_FIRST = (
    ("starter", VENDOR, 100, "GBP", True, 10, None),
    ("pro", VENDOR, 300, "GBP", True, 100, None),
    ("enterprise", VENDOR, 500, "GBP", True, None, None),
    (BRANCH, VENDOR, 100, "GBP", False, None, None),
    (HIBERNATION, VENDOR, 50, "GBP", False, None, None),
    ("basic", "member", 0, "CNY", True, None, 3),
    ("pro", "member", 2900, "CNY", True, None, 20),
    ("vip", "member", 5900, "CNY", True, None, 100),
)


@dataclass(frozen=True, slots=True)
class Edition:
    """The version in force, and a number that every write to the price book changes."""

    version_id: UUID
    number: int

    @property
    def parts(self) -> tuple[str, str]:
        """What is kept of the book is kept under these."""
        return str(self.version_id), str(self.number)


@dataclass(frozen=True, slots=True)
class Tier:
    """A vendor tier: minor units a month; ``product_limit`` None means no limit."""

    code: str
    amount: int
    currency: str
    product_limit: int | None


def load_first() -> bool:
    """Store the first price book where there is none; return whether it was stored."""
    version = {"id": ids.new_id(), "number": 1, "starts_at": _FIRST_START, "note": "First price book"}
    added = db.execute(
        insert(PriceVersion).values(version).on_conflict_do_nothing().returning(PriceVersion.id)
    ).scalar()
    if added is None:
        return False
    for position, (code, audience, amount, currency, is_tier, limit, receives) in enumerate(_FIRST):
        db.add(
            Price(
                version_id=added,
                code=code,
                audience=audience,
                amount=amount,
                currency=currency,
                is_tier=is_tier,
                product_limit=limit,
                receives=receives,
                position=position,
            )
        )
    db.flush()
    return True


_VERSION = table_of(PriceVersion).c
_IN_FORCE = (
    select(_VERSION.id).where(_VERSION.starts_at <= bindparam("now")).order_by(_VERSION.starts_at.desc()).limit(1)
)
_PRICE = table_of(Price).c
_ALL_TIERS = (
    select(_PRICE.code, _PRICE.amount, _PRICE.currency, _PRICE.product_limit)
    .where(_PRICE.audience == VENDOR, _PRICE.is_tier)
    .order_by(_PRICE.position)
)
_OF_VERSION = _PRICE.version_id == bindparam("version_id")
_IS_IN_FORCE = _PRICE.version_id == _IN_FORCE.scalar_subquery()
_TIERS = _ALL_TIERS.where(_OF_VERSION)
_KEPT_TIERS = _ALL_TIERS.where(or_(_OF_VERSION, _IS_IN_FORCE)).order_by(None).order_by(_OF_VERSION, _PRICE.position)
_PRICES = (
    select(_PRICE.code, _PRICE.amount, _PRICE.currency)
    .where(
        or_(_OF_VERSION, _IS_IN_FORCE),
        _PRICE.audience == VENDOR,
        _PRICE.code == any_(bindparam("codes", type_=ARRAY(Text))),
    )
    .order_by(_OF_VERSION)
)
_ON_SALE = _ALL_TIERS.where(_IS_IN_FORCE).add_columns(_PRICE.version_id)


def current_version(now: datetime) -> UUID:
    """Return the id of the version in force at ``now``."""
    version_id: UUID = db.execute(_IN_FORCE, {"now": now}).scalar_one()
    return version_id


def edition() -> Edition:
    """Return the edition that is in force at the database's business time, which saves a page from asking for it."""
    query = select(PriceVersion.id, editions.edition(editions.PRICES)).where(
        PriceVersion.starts_at <= func.business_now()
    )
    version_id, number = db.execute(query.order_by(PriceVersion.starts_at.desc()).limit(1)).one()
    return Edition(version_id, number)


def tiers_on_sale(shown: Edition) -> list[Tier]:
    """Return the vendor tiers of an edition just read, smallest first, for showing only."""

    def read() -> list[dict[str, str | int | None]]:
        return [asdict(Tier(*tier)) for tier in db.execute(_TIERS, {"version_id": shown.version_id})]

    return [Tier(**tier) for tier in cache.kept("price_book", shown.parts, read)]  # type: ignore[arg-type]


def list_tiers(version_id: UUID, now: datetime) -> list[Tier]:
    """Return the vendor tiers that are there under a kept version, by one question and smallest first.

    They are its own, and of those in force at ``now`` whichever it does not have (product.md, *Prices*).
    """
    asked = {"version_id": version_id, "now": now}
    found = {code: Tier(code, *rest) for code, *rest in db.execute(_KEPT_TIERS, asked)}
    return sorted(found.values(), key=lambda tier: tier.amount)


def get_tier(version_id: UUID, code: str, now: datetime) -> Tier:
    """Return a vendor tier under a kept version, see ``list_tiers``.

    :raises UnknownOffer: where there is no such tier.
    """
    for tier in list_tiers(version_id, now):
        if tier.code == code:  # compared here, as whatever was typed may be no text to the database
            return tier
    raise UnknownOffer


def get_tier_on_sale(code: str, now: datetime) -> tuple[UUID, Tier]:
    """Return the id of the version in force at ``now`` and a vendor tier of it, by one question.

    :raises UnknownOffer: where the version has no such tier.
    """
    for *tier, version_id in db.execute(_ON_SALE, {"now": now}):
        if tier[0] == code:
            return version_id, Tier(*tier)
    raise UnknownOffer


def get_prices(version_id: UUID, codes: Collection[str], now: datetime) -> dict[str, Money]:
    """Return the monthly price of each vendor code under a kept version, by one question.

    A code that the version does not have takes the price in force at ``now`` (product.md, *Prices*).

    :raises UnknownOffer: where neither has one of them.
    """
    asked = {"version_id": version_id, "now": now, "codes": list(codes)}
    found = {code: Money(amount, currency) for code, amount, currency in db.execute(_PRICES, asked)}
    if found.keys() != set(codes):
        raise UnknownOffer
    return found
