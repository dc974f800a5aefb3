"""From the committed intent to the code on the payer's page, ten sessions a second, the provider answering at once."""

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

_RATE, _SHOPS = 10, 200


@contextmanager
def _sides(place: Place) -> Iterator[Sides]:
    with running(place) as portal:
        quotes = stock.quoted(_SHOPS)
        yield Sides(ours=lambda: Run(quantiles(_open_all(portal, quotes), n=100)[94]))


def _open_all(portal: Portal, quotes: list[str]) -> list[float]:
    """Confirm quotes at the pace; return the milliseconds until each code was on its page."""
    payers = [_payer(portal, number) for number in range(_RATE)]
    began = time.monotonic() + 1

    def open_(number: int) -> float:
        payer = payers[number % _RATE]
        time.sleep(max(0, began + number / _RATE - time.monotonic()))
        answer = payer.post(f"{quotes[number]}/confirm")
        assert answer.status_code == 303, answer.status_code
        committed = time.monotonic()
        session = answer.headers["Location"].rsplit("/", 1)[1]
        return 1000 * (
            await_state(Visitor(portal.settings.base_url, address=_address(number)), session, "open") - committed
        )

    with ThreadPoolExecutor(2 * _RATE) as pool:
        return list(pool.map(open_, range(len(quotes))))


def _payer(portal: Portal, number: int) -> Visitor:
    owner = Visitor(portal.settings.base_url, address=f"127.4.0.{number + 1}")
    owner.log_in(stock.OWNER)
    return owner


def _address(number: int) -> str:
    return f"127.5.0.{number + 1}"


BENCH: Bench[Place] = Bench(
    name="code_on_the_page",
    work="intent to the code on the page, p95 at 10 a second",
    unit="ms",
    goal=at_most(1000),
    sides=_sides,
    pairs=1,
)
