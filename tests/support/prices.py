"""Further versions of the price book, as an operator would add them."""

from collections.abc import Mapping
from datetime import datetime

from portal.catalogue import price_book
from portal.catalogue.models import Price, PriceVersion
from portal.kit.db import db

OLD = {"starter": (100, 10), "pro": (300, 100), "enterprise": (500, None)}
"""Tiers alone, as they have always been: each code with its pence and how many products it holds."""


def add_version(number: int, prices: Mapping[str, tuple[int, int | None]], starts_at: datetime) -> None:
    """Add a version that begins at an instant; whatever is neither a branch nor hibernation is a tier."""
    version = PriceVersion(number=number, starts_at=starts_at)
    db.add(version)
    db.flush()
    for position, (code, (amount, limit)) in enumerate(prices.items()):
        is_tier = code not in (price_book.BRANCH, price_book.HIBERNATION)
        of_code = {"code": code, "currency": "GBP", "audience": price_book.VENDOR, "is_tier": is_tier}
        db.add(Price(version_id=version.id, **of_code, amount=amount, product_limit=limit, position=position))
    db.flush()
