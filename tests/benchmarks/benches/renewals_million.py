"""A million subscriptions that are due at once: what each takes, against ten thousand, and what the workers hold.

Two workers, as a product has them; each figure is that of one run, but for the short one, of which the fastest counts.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks import renewing
from tests.benchmarks.harness import Bench, Run, Sides, at_most
from tests.benchmarks.place import Place

_FEW, _MANY, _WORKERS, _TIMES = 10_000, 1_000_000, 2, 3


@contextmanager
def _sides(place: Place) -> Iterator[Sides]:
    yield Sides(ours=lambda: _measured(place))


def _measured(place: Place) -> Run:
    with renewing.due(place, _FEW) as template:
        few = min(renewing.ours(place, template, _WORKERS).seconds for _ in range(_TIMES))
    with renewing.due(place, _MANY) as template:
        many = renewing.ours(place, template, _WORKERS)
    return Run((many.seconds / _MANY) / (few / _FEW), {"MB held by a worker": many.most})


BENCH: Bench[Place] = Bench(
    name="renewals_million",
    work="a renewal's time, of a million against 10,000",
    unit="times",
    goal=at_most(1.2),
    sides=_sides,
    limits={"MB held by a worker": at_most(200)},
    pairs=1,
)
