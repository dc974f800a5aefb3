"""Converting an amount at a stated rate. Pure: the rate comes from outside and is stored with what it made."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from fractions import Fraction

from portal.kit.money import EXPONENTS, Money, rounded


@dataclass(frozen=True, slots=True)
class Rate:
    """One major unit of ``source`` is worth ``per_euro_target / per_euro_source`` of ``target``, as of ``on``."""

    source: str
    target: str
    per_euro_source: Decimal
    per_euro_target: Decimal
    on: date

    @property
    def exact(self) -> Fraction:
        """The cross rate, exact."""
        return Fraction(self.per_euro_target) / Fraction(self.per_euro_source)

    @property
    def shown(self) -> Decimal:
        """The cross rate to six decimals, for printing."""
        return Decimal(rounded(self.exact * 1_000_000)).scaleb(-6)


def convert(money: Money, rate: Rate) -> Money:
    """Convert ``money`` at ``rate``, rounded half to even once (providers.md §4)."""
    if money.currency != rate.source:
        raise ValueError(f"a rate from {rate.source} does not convert {money.currency}")
    shift = Fraction(10) ** (EXPONENTS[rate.target] - EXPONENTS[rate.source])
    return Money(rounded(money.amount * rate.exact * shift), rate.target)
