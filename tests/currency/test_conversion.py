"""Converting: exact until the one rounding at the end, over different minor units, and only from the right currency."""

from datetime import date
from decimal import ROUND_HALF_EVEN, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.currency.conversion import Rate, convert
from portal.kit.money import EXPONENTS, Money

DAY = date(2026, 10, 30)
PER_EURO = st.decimals(min_value="0.0001", max_value="100000", places=4)
CURRENCIES = st.sampled_from(sorted(EXPONENTS))


def rate(source: str, target: str, per_source: str, per_target: str) -> Rate:
    return Rate(source, target, Decimal(per_source), Decimal(per_target), DAY)


@pytest.mark.parametrize(
    ("money", "into", "expected"),
    [
        (Money(1234, "GBP"), rate("GBP", "CNY", "0.8338", "7.4326"), Money(11000, "CNY")),  # providers.md §4
        (Money(100, "GBP"), rate("GBP", "CNY", "0.8", "7.2"), Money(900, "CNY")),
        (Money(100, "GBP"), rate("GBP", "JPY", "0.8", "160"), Money(200, "JPY")),
        (Money(200, "JPY"), rate("JPY", "GBP", "160", "0.8"), Money(100, "GBP")),
        (Money(0, "GBP"), rate("GBP", "CNY", "0.8", "7.2"), Money(0, "CNY")),
        (Money(1, "CNY"), rate("CNY", "JPY", "7.2", "160"), Money(0, "JPY")),
    ],
)
def test_known_sums(money: Money, into: Rate, expected: Money) -> None:
    assert convert(money, into) == expected


@given(st.integers(0, 10**10), CURRENCIES, CURRENCIES, PER_EURO, PER_EURO)
def test_it_is_the_exact_product_rounded_half_to_even_once(
    amount: int, source: str, target: str, per_source: Decimal, per_target: Decimal
) -> None:
    got = convert(Money(amount, source), Rate(source, target, per_source, per_target, DAY))
    exact = Decimal(amount).scaleb(-EXPONENTS[source]) * per_target * Decimal(10) ** EXPONENTS[target]
    assert got.currency == target
    assert abs(got.amount * per_source - exact) <= per_source / 2


def test_the_shown_rate_has_six_decimals() -> None:
    shown = rate("GBP", "CNY", "0.8338", "7.4326").shown
    assert shown == (Decimal("7.4326") / Decimal("0.8338")).quantize(Decimal("0.000001"), ROUND_HALF_EVEN)


def test_a_rate_converts_only_its_own_currency() -> None:
    with pytest.raises(ValueError, match="does not convert"):
        convert(Money(1, "EUR"), rate("GBP", "CNY", "0.8", "7.2"))
