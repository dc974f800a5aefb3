"""Registering a business and keeping its profile. What it may show is not decided here (``visibility.py``)."""

import re
import unicodedata
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import TypedDict, Unpack
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from portal.directory import queries
from portal.directory.categories import CATEGORIES
from portal.directory.errors import NoSuchChoice, SameBusiness
from portal.directory.models import Business
from portal.directory.places import COUNTRIES, CURRENCIES, time_zones
from portal.identity import team
from portal.kit import ids, outbox
from portal.kit.db import db
from portal.kit.errors import NotFound

BUSINESS_REGISTERED = "directory.business_registered"
_SLUG_LENGTH = 60


class Profile(TypedDict):
    """What a vendor says of the business and may change later; texts are clean, absent ones empty."""

    name: str
    category: str
    description: str
    email: str
    phone: str
    website: str


class Registration(Profile):
    """What is chosen at registration: the country (ISO 3166), the currency (ISO 4217) and the IANA time zone."""

    country: str
    currency: str
    time_zone: str


def register(user_id: UUID, *, now: datetime, **given: Unpack[Registration]) -> Business:
    """Create a business owned by the user; it is a draft until something is paid.

    :raises NoSuchChoice: category, country, currency or time zone is not in its list.
    :raises SameBusiness: the user owns one of this name.
    """
    _check_choice("category", given["category"], CATEGORIES)
    _check_choice("country", given["country"], COUNTRIES)
    _check_choice("currency", given["currency"], CURRENCIES)
    _check_choice("time_zone", given["time_zone"], time_zones())
    # Two clicks at once take turns, so that the second one sees the first one's business.
    db.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"register business {user_id}", 0))))
    if queries.owns_business_named(user_id, given["name"]):
        raise SameBusiness
    business = _insert(given, now)
    team.add_owner(business.id, user_id, now)
    facts = {"name": business.name, "currency": business.currency, "country": business.country}
    outbox.record(BUSINESS_REGISTERED, business.public_id, facts, now)
    return business


def change_profile(business: Business, profile: Profile) -> None:
    """Replace the profile; the address of the listing stays, as others may have linked to it.

    :raises NoSuchChoice: the category is not in its list.
    """
    _check_choice("category", profile["category"], CATEGORIES)
    for name, value in profile.items():
        setattr(business, name, value)
    db.flush()


def move(business: Business, time_zone: str) -> None:
    """Have a business live in another IANA time zone; what that does to what it pays for is billing's (``relocation``).

    :raises NoSuchChoice: it is none of the zones.
    """
    _check_choice("time_zone", time_zone, time_zones())
    business.time_zone = time_zone
    db.flush()


def set_logo(business: Business, logo: str | None) -> None:
    """Show an uploaded picture (its file name) as the logo, or none."""
    business.logo = logo
    db.flush()


def find_by_public_id(public_id: str) -> Business | None:
    """Return the business, or None."""
    return db.scalars(select(Business).where(Business.public_id == public_id)).one_or_none()


def get_by_public_id(public_id: str) -> Business:
    """Return the business.

    :raises NotFound: there is none.
    """
    business = find_by_public_id(public_id)
    if business is None:
        raise NotFound
    return business


def get(business_id: UUID) -> Business:
    """Return the business of a primary key that is known to exist."""
    return db.scalars(select(Business).where(Business.id == business_id)).one()


def list_by_ids(business_ids: Collection[UUID]) -> Sequence[Business]:
    """Return these businesses by name."""
    return db.scalars(select(Business).where(Business.id.in_(business_ids)).order_by(Business.name, Business.id)).all()


def slug_of(name: str) -> str:
    """Return the name in the letters of an address; empty where it has none of them (Chinese, for one)."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower().replace("'", "")
    return re.sub(r"[^a-z0-9]+", "-", plain)[:_SLUG_LENGTH].strip("-")


def _insert(given: Registration, now: datetime) -> Business:
    slug = slug_of(given["name"])
    while True:
        row = {"slug": slug or _random_slug("shop"), "public_id": ids.public_id("biz"), "created_at": now, **given}
        added = insert(Business).values(row).on_conflict_do_nothing(index_elements=["slug"]).returning(Business)
        business = db.scalars(added).one_or_none()
        if business is not None:
            return business
        slug = _random_slug(slug_of(given["name"]) or "shop")


def _random_slug(start: str) -> str:
    return f"{start}-{ids.random_text(6).lower()}"


def _check_choice(field: str, given: str, known: Collection[str]) -> None:
    if given not in known:
        raise NoSuchChoice(field)
