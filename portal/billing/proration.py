"""What part of a period costs, by whole days (product.md, *Proration*). Pure.

The law: after any number of changes, what a period has been invoiced is the exact worth of all its holdings, rounded
half-even once. So a change is the difference to what was invoiced before, whatever was rounded then.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from math import floor

from portal.billing.periods import Period
from portal.kit.money import Money, rounded


@dataclass(frozen=True, slots=True)
class Holding:
    """What is taken up (``quantity`` above zero) or given up (below) from a day of a period until its end.

    ``unit`` is the price of one for the whole period. Giving up is a holding of its own, so none is ever changed.
    """

    code: str
    quantity: int
    unit: Money
    from_on: date


def step(
    held: Sequence[Holding], wanted: Sequence[tuple[str, int]], units: Mapping[str, Money], from_on: date
) -> list[Holding]:
    """Return what is taken up and then what is given up from a day on, so that what is held becomes what is wanted.

    :param wanted: codes, and how many of each there are to be; of every other code none is left.
    :param units: the price of one of each wanted code; what is given up keeps the price at which it is held.
    """
    rest = _counted(held)
    missing = Counter(dict(wanted))
    for (code, unit), count in rest.items():
        kept = min(count, missing[code])
        rest[code, unit] -= kept
        missing[code] -= kept
    taken_up = [Holding(code, count, units[code], from_on) for code, count in missing.items() if count]
    return taken_up + [Holding(code, -count, unit, from_on) for (code, unit), count in rest.items() if count]


def net(held: Sequence[Holding], from_on: date) -> list[Holding]:
    """Return what is left of what was taken up and given up, held from a day on."""
    return [Holding(code, count, unit, from_on) for (code, unit), count in _counted(held).items() if count]


def _counted(held: Sequence[Holding]) -> Counter[tuple[str, Money]]:
    found = Counter[tuple[str, Money]]()
    for one in held:
        found[one.code, one.unit] += one.quantity
    return found


def days_left(period: Period, from_on: date) -> int:
    """Return the days of ``period`` from ``from_on`` on, which counts as the first of them.

    :raises ValueError: the day is not one of the period's.
    """
    if not period.starts_on <= from_on < period.ends_on:
        raise ValueError(f"{from_on} is no day of the period from {period.starts_on}")
    return (period.ends_on - from_on).days


def worth(holding: Holding, period: Period) -> Fraction:
    """Return what a holding costs, exact, in minor units: price × quantity × days held ÷ days in period."""
    return Fraction(holding.unit.amount * holding.quantity * days_left(period, holding.from_on), period.days)


def period_total(holdings: Sequence[Holding], period: Period, currency: str) -> Money:
    """Return what a period costs with all its holdings, rounded once."""
    return Money(rounded(sum(worth(holding, period) for holding in holdings)), currency)


def difference(
    held: Sequence[Holding], change: Sequence[Holding], invoiced: Money, period: Period
) -> tuple[Money, list[Money]]:
    """Return what a change costs, and what each of its holdings has of that; below zero is a credit.

    :param held: the period's holdings before the change.
    :param invoiced: what the period has been invoiced for them, less what was credited.
    """
    due = period_total([*held, *change], period, invoiced.currency) - invoiced
    shares = spread(due.amount, [worth(holding, period) for holding in change])
    return due, [Money(share, invoiced.currency) for share in shares]


def spread(amount: int, exact: Sequence[Fraction]) -> list[int]:
    """Split ``amount`` into whole units near the ``exact`` parts, by largest remainder; they always sum to it.

    The parts need not sum to ``amount`` exactly, as that was rounded: it may differ from them by a unit either way.
    """
    if not exact:
        raise ValueError("there is nothing to spread over")
    floors = [floor(part) for part in exact]
    each, further = divmod(amount - sum(floors), len(floors))
    by_remainder = sorted(range(len(exact)), key=lambda index: (floors[index] - exact[index], index))
    lucky = set(by_remainder[:further])
    return [part + each + (index in lucky) for index, part in enumerate(floors)]
