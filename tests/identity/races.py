"""Doing things at once, each in a transaction and thread of its own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from portal.kit import edge


def at_once(*works: Callable[[], Any]) -> list[Any]:
    """Run each work in a transaction and thread of its own, all starting together; return results and errors."""
    start = Barrier(len(works))

    def run(work: Callable[[], Any]) -> Any:
        start.wait()
        try:
            return edge.write(work)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(works)) as threads:
        return list(threads.map(run, works))
