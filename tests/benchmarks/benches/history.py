"""The first pages of a long history: 20 rows each, of a business with 100,000 transactions among a million."""

from tests.benchmarks.harness import Bench, at_least
from tests.benchmarks.pages import beside_floor
from tests.benchmarks.place import Place

_ADDRESSES = ["/history", *(f"/history?page={number}" for number in range(2, 11))]

BENCH: Bench[Place] = Bench(
    name="history",
    work="history, 20 rows",
    unit="requests/s",
    goal=at_least(0.5),
    sides=lambda place: beside_floor(place, _ADDRESSES, is_logged_in=True),
)
