"""Sends notices to a server: as fast as they are taken, or at a given pace whether they are taken or not."""

import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from tests.benchmarks.load import CONNECTIONS, Wire
from tests.benchmarks.notices import ADDRESS, Notice

T = TypeVar("T")
_ACKNOWLEDGED, _BUSY = 204, 503
_AHEAD = 0.2
"""Seconds that everybody has to be ready before a paced run begins."""


def flat_out(port: int, notices: Sequence[Notice]) -> float:
    """Send them all over as many connections as there are threads; return how many were acknowledged a second.

    A server that is too busy may say so (503) and be told again; what it refused is not counted.
    """

    def send(first: int) -> list[int]:
        wire = Wire(port)
        statuses = [_send(wire, notice) for notice in notices[first::CONNECTIONS]]
        wire.close()
        return statuses

    began = time.perf_counter()
    statuses = _over(CONNECTIONS, send)
    seconds = time.perf_counter() - began
    assert set(statuses) <= {_ACKNOWLEDGED, _BUSY}, f"not all were acknowledged: {Counter(statuses)}"
    return statuses.count(_ACKNOWLEDGED) / seconds


def paced(port: int, notices: Sequence[Notice], rate: float, connections: int = 32) -> list[tuple[int, float]]:
    """Send so many a second; return each one's status and the seconds since it was due, in the order of the notices."""
    began = time.perf_counter() + _AHEAD

    def send(first: int) -> list[tuple[int, tuple[int, float]]]:
        answers = []
        wire = Wire(port)
        for index in range(first, len(notices), connections):
            due = began + index / rate
            time.sleep(max(0, due - time.perf_counter()))
            status = _send(wire, notices[index])
            answers.append((index, (status, time.perf_counter() - due)))
        wire.close()
        return answers

    return [answer for _, answer in sorted(_over(connections, send))]


def _send(wire: Wire, notice: Notice) -> int:
    return wire.post(ADDRESS, notice.headers, notice.body)


def _over(connections: int, work: Callable[[int], list[T]]) -> list[T]:
    with ThreadPoolExecutor(connections) as pool:
        return [answer for answers in pool.map(work, range(connections)) for answer in answers]
