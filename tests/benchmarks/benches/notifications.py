"""Notifications as fast as they are acknowledged, against a bare view that verifies each and inserts one row."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg

from tests.benchmarks import stock
from tests.benchmarks.harness import Bench, Run, Sides, at_least
from tests.benchmarks.notices import Signer
from tests.benchmarks.place import Place
from tests.benchmarks.replay import product
from tests.benchmarks.sending import flat_out
from tests.benchmarks.serving import OURS, served
from tests.support.databases import cloned

_FLOOR = "tests.benchmarks.bare_notices:create_app"
_NOTICES = 1_500
_ORDERS = "SELECT order_number, amount FROM payment_attempts"
_FORGET = "TRUNCATE payment_events, staged_jobs"


@contextmanager
def _sides(place: Place) -> Iterator[Sides]:
    with cloned(place.servers, "notified") as url:
        with product(place, url):
            stock.opened(100)
        environ = place.environ(url)
        with (
            psycopg.connect(url, autocommit=True) as connection,
            served(OURS, environ, place.folder) as (ours, _),
            served(_FLOOR, environ, place.folder) as (floor, _),
        ):
            orders = connection.execute(_ORDERS).fetchall()

            def send(port: int) -> Run:
                connection.execute(_FORGET)
                signer = Signer(place.folder / "keys", environ)
                notices = [signer.paid(*orders[number % len(orders)]) for number in range(_NOTICES)]
                return Run(flat_out(port, notices))

            yield Sides(ours=lambda: send(ours), floor=lambda: send(floor))


BENCH: Bench[Place] = Bench(
    name="notifications",
    work="notifications acknowledged",
    unit="a second",
    goal=at_least(0.5),
    sides=_sides,
)
