"""What a vendor sees first, of a business with 100,000 transactions among a million."""

from tests.benchmarks.harness import Bench, at_least
from tests.benchmarks.pages import beside_floor
from tests.benchmarks.place import Place

BENCH: Bench[Place] = Bench(
    name="dashboard",
    work="dashboard",
    unit="requests/s",
    goal=at_least(0.5),
    sides=lambda place: beside_floor(place, ["/dashboard"], is_logged_in=True),
)
