"""Renewing 20,000 subscriptions, a chunk a transaction, against the same rows written by hand in one."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks import renewing
from tests.benchmarks.harness import Bench, Run, Sides, at_least
from tests.benchmarks.place import Place

_NUMBER = 20_000


@contextmanager
def _sides(place: Place) -> Iterator[Sides]:
    with renewing.due(place, _NUMBER) as template:
        yield Sides(
            ours=lambda: Run(_NUMBER / renewing.ours(place, template).seconds),
            floor=lambda: Run(_NUMBER / renewing.floor(place, template).seconds),
        )


BENCH: Bench[Place] = Bench(
    name="renewals",
    work="subscriptions renewed",
    unit="a second",
    goal=at_least(0.3),
    sides=_sides,
)
