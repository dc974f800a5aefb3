"""Things that happen at once: work on threads that start together, and a view of who waits for whose lock."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier, Thread
from typing import TypeVar

import psycopg

from tests.support.processes import eventually

T = TypeVar("T")
_WAITERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def at_once(*works: Callable[[], T]) -> list[T]:
    """Run each work on a thread of its own, all starting together; give their results or raise the first error."""
    barrier = Barrier(len(works))

    def start(work: Callable[[], T]) -> T:
        barrier.wait(10)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(start, works))


@contextmanager
def beside(work: Callable[[], object]) -> Iterator[None]:
    """Run ``work`` on a thread beside the block and wait for its end afterwards."""
    thread = Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        thread.join(20)
    assert not thread.is_alive()


def somebody_waits(connection: psycopg.Connection) -> bool:
    """Whether, soon, somebody else in this database waits for a lock."""
    return eventually(lambda: bool(connection.execute(_WAITERS).fetchone()[0]))  # type: ignore[index]
