"""The versioned price book. Versions are added, never changed: who bought under one keeps it."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from portal.catalogue.errors import UnknownOffer
from portal.catalogue.models import Price, PriceVersion
from portal.kit import ids
from portal.kit.db import db

BRANCH = "branch"
VENDOR = "vendor"
_FIRST_START = datetime(2020, 1, 1, tzinfo=UTC)
# Code, audience, minor units, currency, tier?, product limit, receives: product.md, *Prices*.
_FIRST = (
    ("starter", VENDOR, 100, "GBP", True, 10, None),
    ("pro", VENDOR, 300, "GBP", True, 100, None),
    ("enterprise", VENDOR, 500, "GBP", True, None, None),
    (BRANCH, VENDOR, 100, "GBP", False, None, None),
    ("hibernation", VENDOR, 50, "GBP", False, None, None),
    ("basic", "member", 0, "CNY", True, None, 3),
    ("pro", "member", 2900, "CNY", True, None, 20),
    ("vip", "member", 5900, "CNY", True, None, 100),
)


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


def current_version(now: datetime) -> UUID:
    """Return the id of the version in force at ``now``."""
    query = (
        select(PriceVersion.id).where(PriceVersion.starts_at <= now).order_by(PriceVersion.starts_at.desc()).limit(1)
    )
    return db.execute(query).scalar_one()


def list_tiers(version_id: UUID) -> list[Price]:
    """Return the vendor tiers of a version, smallest first."""
    query = select(Price).where(Price.version_id == version_id, Price.audience == VENDOR, Price.is_tier)
    return list(db.scalars(query.order_by(Price.position)))


def get_tier(version_id: UUID, code: str) -> Price:
    """Return a vendor tier.

    :raises UnknownOffer: where the version has no such tier.
    """
    for price in list_tiers(version_id):
        if price.code == code:
            return price
    raise UnknownOffer


def get_price(version_id: UUID, code: str) -> Price:
    """Return the vendor price of anything that is sold, tier or not.

    :raises UnknownOffer: where the version has no such price.
    """
    query = select(Price).where(Price.version_id == version_id, Price.audience == VENDOR, Price.code == code)
    found = db.scalars(query.limit(1)).first()
    if found is None:
        raise UnknownOffer
    return found
