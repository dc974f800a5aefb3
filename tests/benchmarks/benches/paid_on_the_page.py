"""From paid at the provider to the payer's page saying so: told by a notification, and told by nobody."""

import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from statistics import quantiles

from tests.benchmarks import stock
from tests.benchmarks.harness import Bench, Run, Sides, at_most
from tests.benchmarks.place import Place
from tests.benchmarks.running import running
from tests.benchmarks.watching import await_state
from tests.support.portal import Portal
from tests.support.visitor import Visitor

_TOLD, _UNTOLD, _RATE = 40, 20, 2


@contextmanager
def _sides(place: Place) -> Iterator[Sides]:
    with running(place) as portal:
        sessions = stock.opened(_TOLD + _UNTOLD)
        yield Sides(ours=lambda: _pay_all(portal, sessions))


def _pay_all(portal: Portal, sessions: list[str]) -> Run:
    """Pay at a steady pace, the last ones without any notification, each with a browser at its page."""

    def pay(number: int) -> float:
        payer = Visitor(portal.settings.base_url, address=f"127.6.0.{number + 1}")
        await_state(payer, sessions[number], "open")
        order = portal.order(sessions[number])
        time.sleep(number / _RATE)
        portal.sandbox.pay(order, lose=number >= _TOLD)
        paid = time.monotonic()
        return await_state(payer, sessions[number], "paid") - paid

    with ThreadPoolExecutor(len(sessions)) as pool:
        seconds = list(pool.map(pay, range(len(sessions))))
    return Run(quantiles(seconds[:_TOLD], n=100)[94], {"when nobody tells, at most": max(seconds[_TOLD:])})


BENCH: Bench[Place] = Bench(
    name="paid_on_the_page",
    work="paid at the provider to shown on the page, p95",
    unit="s",
    goal=at_most(5),
    sides=_sides,
    limits={"when nobody tells, at most": at_most(90)},
    pairs=1,
)
