"""The price book and the rates of the simulation, and what they come to; told a second time, without the product."""

from decimal import Decimal
from fractions import Fraction

MONTHLY = {"starter": 100, "pro": 300, "enterprise": 500}
"""Pence of a tier."""
BRANCH = 100
HIBERNATION = 50
PER_POUND = {"GBP": Fraction(1), "CNY": Fraction(9), "EUR": Fraction(5, 4), "JPY": Fraction(200)}
WHOLE = {"GBP": 100, "CNY": 100, "EUR": 100, "JPY": 1}
"""Minor units of one pound, yuan, euro and yen."""
SIGNS = {"GBP": "£", "CNY": "CN¥", "EUR": "€", "JPY": "JP¥"}


def total(tier: str, branches: int, currency: str) -> int:
    """A first month in minor units: each price is converted once, then multiplied."""
    return monthly(tier, currency) + branches * branch(currency)


def branch(currency: str) -> int:
    """A further branch's month in minor units."""
    return _converted(BRANCH, "GBP", currency)


def hibernation(currency: str) -> int:
    """A month of hibernation in minor units."""
    return _converted(HIBERNATION, "GBP", currency)


def monthly(tier: str, currency: str) -> int:
    """A tier's month in minor units."""
    return _converted(MONTHLY[tier], "GBP", currency)


def rounded(exact: Fraction) -> int:
    """Half to even, once; Python's own rounding of fractions is just that."""
    return round(exact)


def in_fen(amount: int, currency: str) -> int:
    """What the wallet collects for an amount."""
    return _converted(amount, currency, "CNY")


def written(amount: int, currency: str) -> str:
    """An amount as a page in English shows it."""
    return f"{SIGNS[currency]}{Decimal(amount) / WHOLE[currency]:,.{len(str(WHOLE[currency])) - 1}f}"


def _converted(amount: int, source: str, target: str) -> int:
    return rounded(Fraction(amount, WHOLE[source]) / PER_POUND[source] * PER_POUND[target] * WHOLE[target])
