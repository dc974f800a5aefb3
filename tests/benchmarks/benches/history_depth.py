"""The 1,000th page of a long history against its first: how deep one reads must not matter."""

from collections.abc import Iterator
from contextlib import contextmanager

from tests.benchmarks.harness import Bench, Run, Sides, at_most
from tests.benchmarks.load import a_second
from tests.benchmarks.pages import SECONDS, cookie_of_owner, product
from tests.benchmarks.place import Place
from tests.benchmarks.serving import OURS, served

_DEEP, _FIRST = "/history?page=1000", "/history?page=1"


@contextmanager
def _sides(place: Place) -> Iterator[Sides]:
    with product(place) as app, served(OURS, place.environ(place.filled_url), place.folder) as (port, _):
        cookie = cookie_of_owner(app.test_client())

        def milliseconds(address: str) -> Run:
            return Run(1000 / a_second(port, [address], cookie, SECONDS, connections=1))

        yield Sides(ours=lambda: milliseconds(_DEEP), floor=lambda: milliseconds(_FIRST))


BENCH: Bench[Place] = Bench(
    name="history_depth",
    work="history, page 1,000 against page 1",
    unit="ms",
    goal=at_most(1.5),
    sides=_sides,
)
