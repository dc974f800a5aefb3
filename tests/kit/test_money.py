"""Money: integers of minor units, one rounding, nothing lost when it is divided, currencies never mixed."""

from decimal import ROUND_HALF_EVEN, Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.kit.money import EXPONENTS, CurrencyMismatch, Money, rounded, total

AMOUNTS = st.integers(-(10**12), 10**12)
CURRENCIES = st.sampled_from(sorted(EXPONENTS))
WEIGHTS = st.lists(st.integers(0, 10**6), min_size=1, max_size=40).filter(any)


@given(AMOUNTS, CURRENCIES, WEIGHTS)
def test_allocating_gives_back_every_unit(amount: int, currency: str, weights: list[int]) -> None:
    whole = Money(amount, currency)
    parts = whole.allocate(weights)
    assert total(parts, currency) == whole
    for part, weight in zip(parts, weights, strict=True):
        assert abs(part.amount - Fraction(amount * weight, sum(weights))) < 1
        assert weight or not part


def test_what_is_left_over_goes_to_the_largest_remainders_and_then_to_the_first() -> None:
    assert [part.amount for part in Money(10, "GBP").allocate([1, 2, 4])] == [1, 3, 6]
    assert [part.amount for part in Money(5, "GBP").allocate([1, 1, 1])] == [2, 2, 1]
    assert [part.amount for part in Money(7, "GBP").allocate([1])] == [7]


@given(AMOUNTS, WEIGHTS)
def test_who_weighs_more_never_gets_less(amount: int, weights: list[int]) -> None:
    shares = sorted(zip(weights, (part.amount for part in Money(abs(amount), "GBP").allocate(weights)), strict=True))
    assert [share for _, share in shares] == sorted(share for _, share in shares)


@pytest.mark.parametrize("weights", [[], [0], [0, 0], [1, -1], [2, -1]])
def test_weights_that_divide_nothing_are_refused(weights: list[int]) -> None:
    with pytest.raises(ValueError, match=r"^weights must be non-negative and not all zero$"):
        Money(100, "GBP").allocate(weights)


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=6))
def test_rounding_is_half_to_even(value: Decimal) -> None:
    assert rounded(value) == int(value.quantize(Decimal(1), ROUND_HALF_EVEN))


@pytest.mark.parametrize(("value", "whole"), [("0.5", 0), ("1.5", 2), ("2.5", 2), ("-0.5", 0), ("-1.5", -2)])
def test_a_half_goes_to_the_even_neighbour(value: str, whole: int) -> None:
    assert rounded(Decimal(value)) == rounded(Fraction(value)) == whole


@given(AMOUNTS, st.fractions(-1000, 1000, max_denominator=10**6))
def test_multiplying_rounds_once(amount: int, factor: Fraction) -> None:
    assert (Money(amount, "CNY") * factor).amount == rounded(Fraction(amount) * factor)


@given(AMOUNTS, AMOUNTS, CURRENCIES)
def test_sums_and_differences_are_exact(first: int, second: int, currency: str) -> None:
    one, other = Money(first, currency), Money(second, currency)
    assert one + other - other == one
    assert -one == Money(0, currency) - one
    assert (one < other, one <= other) == (first < second, first <= second)


@given(AMOUNTS, CURRENCIES)
def test_major_units_are_exact(amount: int, currency: str) -> None:
    assert Money(amount, currency).major * 10 ** EXPONENTS[currency] == amount


def test_currencies_never_mix() -> None:
    for mix in (lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b, lambda a, b: a <= b):
        with pytest.raises(CurrencyMismatch, match=r"^GBP met CNY$"):
            mix(Money(1, "GBP"), Money(1, "CNY"))
    with pytest.raises(CurrencyMismatch):
        total([Money(1, "GBP")], "CNY")
    assert Money(1, "GBP") != Money(1, "CNY")


@pytest.mark.parametrize("amount", [1.0, "1", None, True, Decimal(1)])
def test_an_amount_is_an_integer(amount: object) -> None:
    with pytest.raises(TypeError, match=r"^an amount is an integer of minor units$"):
        Money(amount, "GBP")  # type: ignore[arg-type]


@pytest.mark.parametrize("currency", ["", "gbp", "XXX", "KRW"])
def test_a_currency_is_one_of_ours(currency: str) -> None:
    with pytest.raises(ValueError, match="currency"):
        Money(1, currency)


def test_a_float_never_touches_it() -> None:
    with pytest.raises(TypeError, match=r"^money is never multiplied by a float$"):
        Money(1, "GBP") * 1.5  # type: ignore[operator]
    with pytest.raises(TypeError, match=r"^money is never a float$"):
        rounded(0.5)  # type: ignore[arg-type]
