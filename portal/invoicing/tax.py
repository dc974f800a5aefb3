"""The tax that is in a price, as prices include it. Pure."""

from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

from portal.kit.money import Money


@dataclass(frozen=True, slots=True)
class Taxed:
    """What was invoiced of one period at one rate, less what was credited of it, and the tax it was said to hold."""

    total: Money
    tax: Money


def included(total: Money, rate: Decimal) -> Money:
    """Return the tax in ``total``, rounded once: of 100 + ``rate`` parts, ``rate`` are tax.

    :param rate: percent, such as 20 or 5.5.
    """
    return total * (Fraction(rate) / (100 + Fraction(rate)))


def of_change(so_far: Taxed, change: Money, rate: Decimal) -> Money:
    """Return the tax in what is invoiced beyond ``so_far``, or below zero in what is credited of it.

    It is the tax of the new total less the tax already invoiced, so that however often a period changes, its documents
    together hold the tax of what it came to, rounded once (product.md, *Proration*).
    """
    return included(so_far.total + change, rate) - so_far.tax
