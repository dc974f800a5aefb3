"""What the things of a price book cost a customer in its own currency, with the figures that explain it. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from portal.billing.periods import Period
from portal.billing.proration import Holding, days_left
from portal.catalogue.price_book import BRANCH, HIBERNATION
from portal.currency.conversion import Rate, convert
from portal.invoicing.invoices import Line
from portal.kit.money import Money


@dataclass(frozen=True, slots=True)
class Item:
    """Something with a monthly price: ``price`` for one, as the price book gives it."""

    code: str
    price: Money
    quantity: int


def terms_of(mode: str, tier_code: str, extra_branches: int) -> tuple[tuple[str, int], ...]:
    """Return what an agreement holds of a whole period: codes of the price book, and how many of each.

    Hibernating it holds the fee in place of tier and branches (product.md, *Prices*).
    """
    if mode == "hibernating":
        return ((HIBERNATION, 1),)
    return ((tier_code, 1), (BRANCH, extra_branches)) if extra_branches else ((tier_code, 1),)


def unit_price(price: Money, currency: str, rate: Rate | None) -> Money:
    """Return the price of one, converted once where the book has another currency.

    :raises ValueError: a rate is needed and there is none.
    """
    if price.currency == currency:
        return price
    if rate is None:
        raise ValueError("a rate is needed to convert a price")
    return convert(price, rate)


def month_lines(items: Sequence[Item], currency: str, rate: Rate | None) -> list[Line]:
    """Price a whole period: unit price × quantity."""
    return [_month_line(item, currency, rate) for item in items]


def _month_line(item: Item, currency: str, rate: Rate | None) -> Line:
    unit = unit_price(item.price, currency, rate)
    derivation = {"kind": "month"} | _book(item.price, currency, rate)
    return Line(item.code, item.quantity, unit, unit * item.quantity, derivation)


def day_lines(
    change: Sequence[Holding], amounts: Sequence[Money], period: Period, notes: Sequence[Mapping[str, Any]] = ()
) -> list[Line]:
    """Give each holding of a change the line that has its share (``proration.difference``).

    :param notes: what else the derivation of each line says; none of any line, or one for each.
    """
    return [
        Line(
            holding.code,
            holding.quantity,
            holding.unit,
            amount,
            {"kind": "days", "days": days_left(period, holding.from_on), "of": period.days, **note},
        )
        for holding, amount, note in zip(change, amounts, notes or [{} for _ in change], strict=True)
    ]


def _book(price: Money, currency: str, rate: Rate | None) -> dict[str, Any]:
    found: dict[str, Any] = {"book_amount": price.amount, "book_currency": price.currency}
    if price.currency != currency and rate is not None:
        found |= {"rate": str(rate.shown), "rate_on": rate.on.isoformat()}
    return found
