"""Tax in prices that include it: rounded once for a period and rate, however its documents came about."""

from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.invoicing.tax import Taxed, included, of_change
from portal.kit.money import Money

GBP = "GBP"
rates = st.decimals(0, Decimal("99.99"), places=2)
totals = st.lists(st.integers(0, 10**9), min_size=1, max_size=12)


@pytest.mark.parametrize(
    ("total", "rate", "tax"),
    [
        *[(300, "20", 50), (500, "20", 83), (300, "0", 0), (0, "20", 0), (300, "5.5", 16), (119, "19", 19)],
        *[(3, "20", 0), (9, "20", 2), (15, "20", 2), (-9, "20", -2)],  # halves go to the even side
    ],
)
def test_of_a_hundred_and_the_rate_the_rate_is_tax(total: int, rate: str, tax: int) -> None:
    assert included(Money(total, GBP), Decimal(rate)) == Money(tax, GBP)


def changes(of_totals: list[int], rate: Decimal) -> Iterator[tuple[int, int]]:
    """What each step from one total of a period to the next comes to, and the tax in it."""
    so_far = Taxed(Money(0, GBP), Money(0, GBP))
    for before, after in pairwise([0, *of_totals]):
        change = Money(after - before, GBP)
        tax = of_change(so_far, change, rate)
        so_far = Taxed(so_far.total + change, so_far.tax + tax)
        yield change.amount, tax.amount


@given(totals, rates)
def test_the_taxes_of_a_period_are_the_tax_of_what_it_came_to(of_totals: list[int], rate: Decimal) -> None:
    taxes = sum(tax for _, tax in changes(of_totals, rate))
    assert taxes == included(Money(of_totals[-1], GBP), rate).amount
    assert abs(taxes - Fraction(of_totals[-1]) * Fraction(rate) / (100 + Fraction(rate))) <= Fraction(1, 2)


@given(totals, rates)
def test_no_document_holds_more_tax_than_money_nor_tax_the_other_way(of_totals: list[int], rate: Decimal) -> None:
    for change, tax in changes(of_totals, rate):
        assert 0 <= tax <= change or change <= tax <= 0
