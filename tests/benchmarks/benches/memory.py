"""What the web processes hold after 10,000 requests each, against what they held after 1,000."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median

from portal.cli.web_server import PROCESSES
from tests.benchmarks.harness import Bench, Run, Sides, at_most
from tests.benchmarks.load import so_often
from tests.benchmarks.pages import cookie_of_owner, product
from tests.benchmarks.place import Place
from tests.benchmarks.serving import OURS, served

_PAGES = ("/dashboard", "/history", "/history?page=7", "/account", "/directory?page=3", "/businesses/new", "/")
_EARLY, _LATE = 1_000 * PROCESSES, 10_000 * PROCESSES
_READINGS, _BETWEEN = 5, 80
"""A page that is just being made counts as held, so each figure is the median of readings with requests between."""


def _held(server: int) -> int:
    """The resident memory of the server's processes (Linux), in bytes; the one that only watches them is left out."""
    children = Path(f"/proc/{server}/task/{server}/children").read_text().split()
    lines = [line for child in children for line in Path(f"/proc/{child}/status").read_text().splitlines()]
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


@contextmanager
def _sides(place: Place) -> Iterator[Sides]:
    with product(place) as app, served(OURS, place.environ(place.filled_url), place.folder) as (port, server):
        cookie = cookie_of_owner(app.test_client())

        def held_after(requests: int) -> float:
            so_often(port, _PAGES, cookie, requests - _READINGS * _BETWEEN)
            readings = []
            for _ in range(_READINGS):
                so_often(port, _PAGES, cookie, _BETWEEN)
                readings.append(_held(server.process.pid))
            return median(readings)

        def grown() -> Run:
            early = held_after(_EARLY)
            return Run(held_after(_LATE - _EARLY) / early)

        yield Sides(ours=grown)


BENCH: Bench[Place] = Bench(
    name="memory",
    work="web processes' memory, 10,000 requests against 1,000",
    unit="times",
    goal=at_most(1.05),
    sides=_sides,
    pairs=1,
)
