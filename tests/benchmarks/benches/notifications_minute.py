"""A minute of 300 notifications a second into the whole product, its workers taking the payments in meanwhile."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median, quantiles

import psycopg

from tests.benchmarks import stock
from tests.benchmarks.harness import PAIRS, Bench, Run, Sides, at_least, at_most
from tests.benchmarks.notices import Signer
from tests.benchmarks.place import Place
from tests.benchmarks.running import running
from tests.benchmarks.sending import paced
from tests.support.portal import Portal

_RATE, _SECONDS, _SHOPS = 300, 60, 300
_WINDOW = _RATE * _SECONDS // PAIRS
"""A minute is one long run; the median is that of its fifths, and the whole of it has the same limit."""
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
    waited = [answer[1] * 1000 for answer in answers]
    others = {
        "lost": len(taken) - stored[0],
        "not acknowledged": len(notices) - len(taken),
        "acknowledged a second": len(taken) / seconds,
        "over the whole minute": _p99(waited),
    }
    return Run(median(_p99(waited[first : first + _WINDOW]) for first in range(0, len(waited), _WINDOW)), others)


def _p99(milliseconds: Sequence[float]) -> float:
    return quantiles(milliseconds, n=100)[98]


BENCH: Bench[Place] = Bench(
    name="notifications_minute",
    work="p99 of 300 notifications a second for a minute",
    unit="ms",
    goal=at_most(1000),
    sides=_sides,
    limits={
        "lost": at_most(0),
        "not acknowledged": at_most(0),
        "acknowledged a second": at_least(290),
        "over the whole minute": at_most(1000),
    },
    pairs=1,
)
