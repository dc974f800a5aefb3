"""Two processes that renew the same subscriptions, against one."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks import renewing
from tests.benchmarks.harness import Bench, Run, Sides, at_least
from tests.benchmarks.place import Place

_NUMBER = 20_000


@contextmanager
def _sides(place: Place) -> Iterator[Sides]:
    with renewing.due(place, _NUMBER) as template:

        def a_second(workers: int) -> Run:
            return Run(_NUMBER / renewing.ours(place, template, workers).seconds)

        yield Sides(ours=lambda: a_second(2), floor=lambda: a_second(1))


BENCH: Bench[Place] = Bench(
    name="renewals_together",
    work="subscriptions renewed, two workers against one",
    unit="a second",
    goal=at_least(1.2),
    sides=_sides,
    pairs=3,
)
