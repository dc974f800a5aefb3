"""The front door: what this is and what it costs."""

from __future__ import annotations

from dataclasses import dataclass

from flask import Blueprint, render_template
from flask_babel import gettext

from portal.catalogue import price_book
from portal.catalogue.price_book import Edition, Tier
from portal.kit.money import Money
from portal.web import wording
from portal.web.access import public
from portal.web.fragments import kept_html

bp = Blueprint("home", __name__)


@dataclass(frozen=True, slots=True)
class ShownTier:
    """A tier as cards show it; ``product_limit`` None means no limit."""

    code: str
    name: str
    price: Money
    product_limit: int | None
    features: list[str]


def shown_tier(tier: Tier) -> ShownTier:
    """Return a tier as a card."""
    features = [gettext("One branch included"), gettext("Listed in the directory, found by words and place")]
    if tier.product_limit is None:
        features.append(gettext("The whole catalogue, however large"))
    else:
        features.append(gettext("Photos and prices for each product"))
    name = wording.tier_name(tier.code)
    return ShownTier(tier.code, name, Money(tier.amount, tier.currency), tier.product_limit, features)


def current_tiers(shown: Edition) -> list[ShownTier]:
    """Return the tiers on sale in this edition of the price book."""
    return [shown_tier(tier) for tier in price_book.tiers_on_sale(shown)]


@bp.get("/")
@public
def show() -> str:
    """Show the front door."""
    shown = price_book.edition()
    content = kept_html("web/home/_content.html", shown.parts, lambda: {"tiers": current_tiers(shown)})
    return render_template("web/home/page.html", content=content)
