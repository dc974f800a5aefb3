"""What a bench is and how it is judged: ours and its floor run in turn, and the median of the pairs' ratios decides.

A machine that others use slows both runs of a pair alike, so a ratio stays true where a figure alone would not.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from statistics import median
from typing import Generic, TypeVar

P = TypeVar("P")
PAIRS = 5


@dataclass(frozen=True, slots=True)
class Limit:
    """A bound that a figure must keep."""

    value: float
    is_floor: bool

    def holds(self, figure: float) -> bool:
        """Whether the figure keeps it."""
        return figure >= self.value if self.is_floor else figure <= self.value

    def worse(self, figure: float, before: float) -> float:
        """By what part the figure is worse than it was before, seen from this bound; negative where it is better."""
        return 1 - figure / before if self.is_floor else figure / before - 1

    def __str__(self) -> str:
        return f"{'≥' if self.is_floor else '≤'} {self.value:g}"


def at_least(value: float) -> Limit:
    """A figure must reach this."""
    return Limit(value, is_floor=True)


def at_most(value: float) -> Limit:
    """A figure must not pass this."""
    return Limit(value, is_floor=False)


@dataclass(frozen=True, slots=True)
class Run:
    """What one run showed: the figure that is compared, and others by name that have limits of their own."""

    figure: float
    others: Mapping[str, float] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sides:
    """Both sides of a bench, ready to run; without a floor, ours is held to its goal by its own figure."""

    ours: Callable[[], Run]
    floor: Callable[[], Run] | None = None


@dataclass(frozen=True, slots=True)
class Bench(Generic[P]):
    """Some work of ours beside its floor.

    :param goal: of the median ratio ours / floor, or of the median figure where there is no floor.
    :param limits: of ours' other figures, by name; the worst run counts.
    :param sides: opens both sides at a place, and closes them.
    """

    name: str
    work: str
    unit: str
    goal: Limit
    sides: Callable[[P], AbstractContextManager[Sides]]
    limits: Mapping[str, Limit] = field(default_factory=dict)
    pairs: int = PAIRS


@dataclass(frozen=True, slots=True)
class Verdict:
    """A line of the report; ``ratio`` is what the goal is held against, ``spread`` its smallest and largest."""

    name: str
    work: str
    unit: str
    ours: float
    floor: float | None
    ratio: float
    spread: tuple[float, float]
    goal: Limit

    @property
    def is_met(self) -> bool:
        """Whether the goal is reached."""
        return self.goal.holds(self.ratio)


def measure(bench: Bench[P], place: P) -> list[Verdict]:
    """Run both sides in turn, once each to warm up and then pair by pair, and judge."""
    with bench.sides(place) as sides:
        if bench.pairs > 1:
            _pair(sides)
        return judge(bench, [_pair(sides) for _ in range(bench.pairs)])


def _pair(sides: Sides) -> tuple[Run, Run | None]:
    return sides.ours(), sides.floor() if sides.floor else None


def judge(bench: Bench[P], pairs: Sequence[tuple[Run, Run | None]]) -> list[Verdict]:
    """Return the verdict on the bench's goal, and one for each of its limits."""
    ratios = [ours.figure / floor.figure if floor else ours.figure for ours, floor in pairs]
    floors = [floor.figure for _, floor in pairs if floor]
    main = Verdict(
        name=bench.name,
        work=bench.work,
        unit=bench.unit,
        ours=median(ours.figure for ours, _ in pairs),
        floor=median(floors) if floors else None,
        ratio=median(ratios),
        spread=(min(ratios), max(ratios)),
        goal=bench.goal,
    )
    return [main, *(_limited(bench, name, limit, [ours for ours, _ in pairs]) for name, limit in bench.limits.items())]


def _limited(bench: Bench[P], name: str, limit: Limit, runs: Sequence[Run]) -> Verdict:
    figures = [run.others[name] for run in runs]
    worst = min(figures) if limit.is_floor else max(figures)
    spread = (min(figures), max(figures))
    return Verdict(f"{bench.name}: {name}", f"{bench.work}: {name}", "", worst, None, worst, spread, limit)
