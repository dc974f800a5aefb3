"""From paid at the provider to the payer's page saying so: told by a notification, and told by nobody."""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import quantiles

from tests.benchmarks import stock
from tests.benchmarks.harness import PAIRS, Bench, Run, Sides, at_most
from tests.benchmarks.place import Place
from tests.benchmarks.running import running
from tests.benchmarks.watching import await_state
from tests.support.portal import Portal
from tests.support.visitor import Visitor

_TOLD, _UNTOLD, _RATE = 40, 20, 2
_UNTOLD_A_RUN = _UNTOLD // PAIRS


@contextmanager
def _sides(place: Place) -> Iterator[Sides]:
    with running(place) as portal:
        yield Sides(ours=lambda: _pay_all(portal, stock.opened(_TOLD + _UNTOLD_A_RUN)))


def _pay_all(portal: Portal, sessions: Sequence[str]) -> Run:
    """Pay at a steady pace, the first ones without any notification, each with a browser at its page."""
    orders = [portal.order(session) for session in sessions]

    def pay(number: int) -> float:
        payer = Visitor(portal.settings.base_url, address=f"127.6.0.{number + 1}")
        await_state(payer, sessions[number], "open")
        time.sleep(number / _RATE)
        portal.sandbox.pay(orders[number], lose=number < _UNTOLD_A_RUN)
        paid = time.monotonic()
        return await_state(payer, sessions[number], "paid") - paid

    with ThreadPoolExecutor(len(sessions)) as pool:
        seconds = list(pool.map(pay, range(len(sessions))))
    told, untold = seconds[_UNTOLD_A_RUN:], seconds[:_UNTOLD_A_RUN]
    return Run(quantiles(told, n=100)[94], {"when nobody tells, at most": max(untold)})


BENCH: Bench[Place] = Bench(
    name="paid_on_the_page",
    work="paid at the provider to shown on the page, p95",
    unit="s",
    goal=at_most(5),
    sides=_sides,
    limits={"when nobody tells, at most": at_most(90)},
)
