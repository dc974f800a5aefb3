"""From the committed intent to the code on the payer's page, ten sessions a second, the provider answering at once."""

import time
from collections.abc import Iterator, Sequence
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

_RATE, _SESSIONS, _PAYERS = 10, 200, 40
"""So many payers that each takes their time between two sessions, as people do."""


@contextmanager
def _sides(place: Place) -> Iterator[Sides]:
    with running(place) as portal:
        stock.quoted(1)  # whose owner the payers are
        payers = [_payer(portal, number) for number in range(_PAYERS)]
        yield Sides(ours=lambda: Run(quantiles(_open_all(portal, payers, stock.quoted(_SESSIONS)), n=100)[94]))


def _open_all(portal: Portal, payers: Sequence[Visitor], quotes: Sequence[str]) -> list[float]:
    """Confirm quotes at the pace; return the milliseconds until each code was on its page."""
    began = time.monotonic() + 1

    def open_(number: int) -> float:
        payer = payers[number % _PAYERS]
        time.sleep(max(0, began + number / _RATE - time.monotonic()))
        answer = payer.post(f"{quotes[number]}/confirm")
        assert answer.status_code == 303, answer.status_code
        committed = time.monotonic()
        session = answer.headers["Location"].rsplit("/", 1)[1]
        watcher = Visitor(portal.settings.base_url, address=f"127.5.0.{number + 1}")
        return 1000 * (await_state(watcher, session, "open") - committed)

    with ThreadPoolExecutor(_PAYERS) as pool:
        return list(pool.map(open_, range(len(quotes))))


def _payer(portal: Portal, number: int) -> Visitor:
    owner = Visitor(portal.settings.base_url, address=f"127.4.0.{number + 1}")
    owner.log_in(stock.OWNER)
    return owner


BENCH: Bench[Place] = Bench(
    name="code_on_the_page",
    work="intent to the code on the page, p95 at 10 a second",
    unit="ms",
    goal=at_most(1000),
    sides=_sides,
)
