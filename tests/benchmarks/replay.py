"""The floor of work without a page: its statements, recorded transaction by transaction, by a bare loop of psycopg.

Both sides begin with the same rows, in a clone of one prepared database; what is timed is the work and nothing else.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
from sqlalchemy import event

from portal.app import create_app, wire
from portal.kit import edge
from portal.kit.config import load_settings
from portal.kit.db import db
from tests.benchmarks.harness import Run, Sides
from tests.benchmarks.place import Place
from tests.support.databases import cloned

_OPTIONS = "-c timezone=UTC"
Transaction = list[tuple[str, Any, bool]]
"""Statements with their parameters, and whether these are many sets."""


@dataclass(frozen=True, slots=True)
class Work:
    """Some work of ours, one transaction or more for each thing of a stock.

    :param stock: fills an empty shop's database and returns the things to work on, by name.
    :param prepared: gives the function that does the work for one of them; it may open pages.
    :param done: counts in the database what the work leaves behind: as many as there are things.
    """

    stock: Callable[[], Sequence[str]]
    prepared: Callable[[], Callable[[str], object]]
    done: str


@contextmanager
def beside_replay(place: Place, work: Work) -> Iterator[Sides]:
    """Prepare the stock, record the work once, and then do it by us and by the loop, each on rows of its own."""
    with cloned(place.servers, "stock") as stocked:
        with product(place, stocked):
            things = work.stock()
        template = stocked.rpartition("/")[2]

        def ours() -> Run:
            with cloned(place.servers, "ours", template) as url, product(place, url):
                return _timed(things, work.prepared(), work, url)

        with cloned(place.servers, "recorded", template) as url, product(place, url):
            recorded = _recorded(things, work.prepared())

        def floor() -> Run:
            with cloned(place.servers, "floor", template) as url, psycopg.connect(url, options=_OPTIONS) as connection:
                return _timed(recorded, lambda part: _replay(connection, part), work, url)

        yield Sides(ours, floor)


@contextmanager
def product(place: Place, url: str) -> Iterator[None]:
    """Let this process be the product over this database."""
    settings = load_settings(dict(place.environ(url)))
    wire(settings, "bench", pool_size=4)
    create_app(settings)
    try:
        yield
    finally:
        edge.disconnect()


def _timed(things: Sequence[Any], do: Callable[[Any], object], work: Work, url: str) -> Run:
    """Do it for all but the first, which warms up, and make sure that it was done."""
    do(things[0])
    began = time.perf_counter()
    for thing in things[1:]:
        do(thing)
    seconds = time.perf_counter() - began
    with psycopg.connect(url) as connection:
        assert connection.execute(work.done).fetchone() == (len(things),), "the work was not done"
    return Run((len(things) - 1) / seconds)


def _recorded(things: Sequence[str], do: Callable[[str], object]) -> list[list[Transaction]]:
    found: list[list[Transaction]] = []

    def note(_: object, __: object, statement: str, parameters: Any, ___: object, is_many: bool) -> None:
        found[-1][-1].append((statement, parameters, is_many))

    edge.write(edge.now)  # what a new connection asks once is not part of the work
    bind = db.get_bind()
    event.listen(bind, "before_cursor_execute", note)
    event.listen(bind, "commit", lambda _: found[-1].append([]))
    for thing in things:
        found.append([[]])
        do(thing)
    return found


def _replay(connection: psycopg.Connection, transactions: list[Transaction]) -> None:
    with connection.cursor() as cursor:
        for transaction in transactions:
            for statement, parameters, is_many in transaction:
                if is_many:
                    cursor.executemany(statement, parameters)
                else:
                    cursor.execute(statement, parameters)
                if cursor.description:
                    cursor.fetchall()
            connection.commit()
