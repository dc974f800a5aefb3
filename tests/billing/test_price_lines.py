"""Lines of a price: of a whole month in the book's own currency or another, and of days; each with what explains it."""

from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from portal.billing.periods import period
from portal.billing.pricing import Item, day_lines, month_lines, unit_price
from portal.billing.proration import Holding
from portal.currency.conversion import Rate
from portal.invoicing.invoices import Line
from portal.kit.money import Money

POUND, POUNDS = Money(100, "GBP"), Money(300, "GBP")
RATE = Rate("GBP", "CNY", Decimal("0.8"), Decimal("7.2"), date(2026, 10, 30))
APRIL = period(date(2026, 4, 1), 0, ZoneInfo("Europe/London"))


@pytest.mark.parametrize("rate", [None, RATE])
def test_in_the_books_own_currency_a_month_costs_price_times_quantity(rate: Rate | None) -> None:
    book = {"kind": "month", "book_currency": "GBP"}
    assert month_lines([Item("pro", POUNDS, 1), Item("branch", POUND, 2)], "GBP", rate) == [
        Line("pro", 1, POUNDS, POUNDS, book | {"book_amount": 300}),
        Line("branch", 2, POUND, Money(200, "GBP"), book | {"book_amount": 100}),
    ]


def test_in_another_currency_one_is_converted_and_the_rate_is_said() -> None:
    book = {"kind": "month", "book_amount": 100, "book_currency": "GBP", "rate": "9.000000", "rate_on": "2026-10-30"}
    unit = Money(900, "CNY")
    assert unit_price(POUND, "CNY", RATE) == unit
    assert month_lines([Item("branch", POUND, 2)], "CNY", RATE) == [Line("branch", 2, unit, Money(1800, "CNY"), book)]


def test_without_a_rate_nothing_is_converted() -> None:
    with pytest.raises(ValueError, match=r"^a rate is needed to convert a price$"):
        unit_price(POUND, "CNY", None)


def test_a_line_of_days_has_its_share_and_says_of_how_many_days() -> None:
    change = [Holding("pro", 1, POUNDS, date(2026, 4, 19)), Holding("starter", -1, POUND, date(2026, 4, 19))]
    days = {"kind": "days", "days": 12, "of": 30}
    shares = [Money(120, "GBP"), Money(-40, "GBP")]
    assert day_lines(change, shares, APRIL) == [
        Line("pro", 1, POUNDS, Money(120, "GBP"), days),
        Line("starter", -1, POUND, Money(-40, "GBP"), days),
    ]
    with pytest.raises(ValueError, match="shorter"):
        day_lines(change, shares[:1], APRIL)
