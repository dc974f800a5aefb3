"""A minute of 300 notifications a second into the whole product, its workers taking the payments in meanwhile."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import quantiles

import psycopg

from tests.benchmarks import stock
from tests.benchmarks.harness import Bench, Run, Sides, at_least, at_most
from tests.benchmarks.notices import Signer
from tests.benchmarks.place import Place
from tests.benchmarks.running import running
from tests.benchmarks.sending import paced
from tests.support.portal import Portal

_RATE, _SECONDS, _SHOPS = 300, 60, 300
_ORDERS = "SELECT order_number, amount FROM payment_attempts"
_STORED = "SELECT count(*) FROM payment_events WHERE event_id = ANY (%s)"


@contextmanager
def _sides(place: Place) -> Iterator[Sides]:
    with running(place) as portal:
        stock.opened(_SHOPS)
        yield Sides(ours=lambda: _a_minute(portal))


def _a_minute(portal: Portal) -> Run:
    signer = Signer(portal.sandbox.keys_dir, portal.environ)
    with psycopg.connect(portal.settings.database_url, autocommit=True) as connection:
        orders = connection.execute(_ORDERS).fetchall()
        notices = [signer.paid(*orders[number % _SHOPS]) for number in range(_RATE * _SECONDS)]
        began = time.monotonic()
        answers = paced(portal.settings.port, notices, _RATE)
        seconds = time.monotonic() - began
        taken = [notice.event_id for notice, (status, _) in zip(notices, answers, strict=True) if status == 204]
        stored = connection.execute(_STORED, [taken]).fetchone()
    assert stored is not None
    others = {"lost": len(taken) - stored[0], "not acknowledged": len(notices) - len(taken)}
    slow = quantiles([waited * 1000 for _, waited in answers], n=100)[98]
    return Run(slow, others | {"acknowledged a second": len(taken) / seconds})


BENCH: Bench[Place] = Bench(
    name="notifications_minute",
    work="p99 of 300 notifications a second for a minute",
    unit="ms",
    goal=at_most(1000),
    sides=_sides,
    limits={"lost": at_most(0), "not acknowledged": at_most(0), "acknowledged a second": at_least(290)},
    pairs=1,
)
