"""Shops for tests of the directory, straight into its tables where the way in does not matter."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from portal.directory import branches, products, visibility
from portal.directory.models import Branch, Business, Product
from portal.kit import ids
from portal.kit.db import db


def make_shop(name: str, now: datetime, *, is_listed: bool = True, **given: Any) -> Business:
    """A business without owner, listed unless told otherwise."""
    values = {"category": "cafe", "country": "GB", "currency": "GBP", "time_zone": "Europe/London"} | given
    slug = f"s-{ids.random_text(12).lower()}"
    shop = Business(public_id=ids.public_id("biz"), slug=slug, name=name, created_at=now, **values)
    db.add(shop)
    db.flush()
    visibility.set_entitlement(shop.id, is_listed=is_listed, product_limit=10, tier_code="starter", now=now)
    return shop


def make_branch(shop: Business, name: str, now: datetime, at: tuple[str, str] | None = None, **given: Any) -> Branch:
    """A branch, at (latitude, longitude) where given."""
    details: dict[str, Any] = {
        "name": name, "address_line1": f"{name} 1", "address_line2": "", "city": "London", "postcode": "",
        "country": "GB", "phone": "", "opening_hours": "",
        "latitude": Decimal(at[0]) if at else None, "longitude": Decimal(at[1]) if at else None,
    }  # fmt: skip
    return branches.add(shop.id, now=now, **(details | given))


def make_product(shop: Business, name: str, now: datetime, **given: Any) -> Product:
    """A product."""
    details: dict[str, Any] = {
        "name": name, "description": "", "price": None, "attributes": {}, "position": 0, "is_hidden": False,
    }  # fmt: skip
    return products.add(shop.id, now=now, **(details | given))
