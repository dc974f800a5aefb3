"""The front door: what this is and what it costs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import Blueprint, render_template
from flask_babel import gettext

from portal.catalogue import price_book
from portal.kit import edge
from portal.kit.money import Money
from portal.web import wording
from portal.web.access import public

if TYPE_CHECKING:
    from portal.catalogue.models import Price

bp = Blueprint("home", __name__)


@dataclass(frozen=True, slots=True)
class ShownTier:
    """A tier as cards show it; ``product_limit`` None means no limit."""

    code: str
    name: str
    price: Money
    product_limit: int | None
    features: list[str]


def shown_tier(price: Price) -> ShownTier:
    """Return a price-book entry as a card."""
    features = [gettext("One branch included"), gettext("Listed in the directory, found by words and place")]
    if price.product_limit is None:
        features.append(gettext("The whole catalogue, however large"))
    else:
        features.append(gettext("Photos and prices for each product"))
    name = wording.tier_name(price.code)
    return ShownTier(price.code, name, Money(price.amount, price.currency), price.product_limit, features)


def current_tiers() -> list[ShownTier]:
    """Return the tiers sold today."""
    return [shown_tier(price) for price in price_book.list_tiers(price_book.current_version(edge.now()))]


@bp.get("/")
@public
def show() -> str:
    """Show the front door."""
    return render_template("web/home/page.html", tiers=current_tiers())
