"""Money as integer minor units with a currency, and the one rounding function of the product.

It refuses floats, mixed currencies and unknown currencies; text for people is made at the faces (Babel).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

EXPONENTS = {"GBP": 2, "EUR": 2, "USD": 2, "CNY": 2, "HKD": 2, "JPY": 0}
"""Minor units by ISO 4217 of the currencies a customer can be billed in."""


class CurrencyMismatch(ValueError):
    """Two amounts of different currencies met; always a programming fault."""


def rounded(value: Fraction | Decimal | int) -> int:
    """Round an exact number half to even (architecture.md, *Money*); the only rounding of amounts there is."""
    if isinstance(value, float):
        raise TypeError("money is never a float")
    return round(Fraction(value))


@dataclass(frozen=True, slots=True)
class Money:
    """``amount`` in minor units (pence, fen; whole yen) of ``currency`` (ISO 4217)."""

    amount: int
    currency: str

    def __post_init__(self) -> None:
        if type(self.amount) is not int:
            raise TypeError("an amount is an integer of minor units")
        if self.currency not in EXPONENTS:
            raise ValueError(f"unknown currency {self.currency!r}")

    @classmethod
    def zero(cls, currency: str) -> Money:
        """Return nothing of ``currency``."""
        return cls(0, currency)

    @property
    def major(self) -> Decimal:
        """The amount in major units (pounds, yuan), exact."""
        return Decimal(self.amount).scaleb(-EXPONENTS[self.currency])

    def _same(self, other: Money) -> int:
        if self.currency != other.currency:
            raise CurrencyMismatch(f"{self.currency} met {other.currency}")
        return other.amount

    def __add__(self, other: Money) -> Money:
        return Money(self.amount + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.amount - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.amount, self.currency)

    def __mul__(self, factor: int | Fraction | Decimal) -> Money:
        if isinstance(factor, float):
            raise TypeError("money is never multiplied by a float")
        return Money(rounded(Fraction(self.amount) * Fraction(factor)), self.currency)

    def __lt__(self, other: Money) -> bool:
        return self.amount < self._same(other)

    def __le__(self, other: Money) -> bool:
        return self.amount <= self._same(other)

    def __bool__(self) -> bool:
        return self.amount != 0

    def allocate(self, weights: Sequence[int]) -> list[Money]:
        """Split by ``weights`` (non-negative, not all zero) by largest remainder; the parts always sum to the whole."""
        whole = sum(weights)
        if whole <= 0 or min(weights) < 0:
            raise ValueError("weights must be non-negative and not all zero")
        floors = [self.amount * weight // whole for weight in weights]
        remainders = [self.amount * weight % whole for weight in weights]
        by_remainder = sorted(range(len(weights)), key=lambda index: (-remainders[index], index))
        for index in by_remainder[: self.amount - sum(floors)]:
            floors[index] += 1
        return [Money(part, self.currency) for part in floors]


def total(parts: Sequence[Money], currency: str) -> Money:
    """Sum ``parts`` (possibly none) in ``currency``."""
    return sum(parts, start=Money.zero(currency))
