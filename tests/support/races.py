"""Things that happen at once: work on threads that start together, and races with a proof that they are races.

A race is proved twice: with its guards, where it must hold, and without them, where it must be lost; a race that is
never lost proves nothing.
"""

import re
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial
from threading import Barrier, Condition, Thread, local
from typing import Any, Generic, TypeVar

import psycopg
from sqlalchemy import Engine, event, text

from portal.insights import invariants
from portal.kit import edge
from portal.kit.db import db
from portal.kit.errors import DomainError
from tests.support.processes import eventually

T = TypeVar("T")
_LOOK = 0.005
_PATIENCE = 20
_WAITERS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


def at_once(*works: Callable[[], T]) -> list[T]:
    """Run each work on a thread of its own, all starting together; give their results or raise the first error."""
    barrier = Barrier(len(works))

    def start(work: Callable[[], T]) -> T:
        barrier.wait(10)
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(start, works))


def contend(*works: Callable[[], Any]) -> list[Any]:
    """Run each work in a transaction and on a thread of its own, all starting together; give results and errors."""

    def attempt(work: Callable[[], Any]) -> Any:
        try:
            return edge.write(work)
        except Exception as error:
            return error

    return at_once(*[partial(attempt, work) for work in works])


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


def count(question: str) -> int:
    """How many rows there are of a table, or of a table and a condition, in a transaction of its own."""
    return edge.write(lambda: int(db.execute(text(f"SELECT count(*) FROM {question}")).scalar_one()))  # noqa: S608


class Guard:
    """What keeps a race from being lost, and how to switch it off."""

    def __init__(self, *, sql: str = "", pattern: str = "", instead: str = "") -> None:
        self.sql = sql
        self._pattern = re.compile(pattern, re.DOTALL) if pattern else None
        self._instead = instead

    def weakened(self, statement: str) -> str:
        """The statement as it would be without this guard."""
        return self._pattern.sub(self._instead, statement) if self._pattern else statement


def dropped(sql: str) -> Guard:
    """A constraint, an index or a trigger, by the statement that drops it in the control's own database."""
    return Guard(sql=sql)


def unlocked(*tables: str) -> Guard:
    """The locking reads of these tables, which then only read."""
    return Guard(pattern=rf"(FROM (?:{'|'.join(tables)})\b[^;]*?) FOR (?:NO KEY )?UPDATE\b", instead=r"\1")


def rewritten(pattern: str, instead: str) -> Guard:
    """A condition inside a statement that decides by itself, replaced by something that does not."""
    return Guard(pattern=pattern, instead=instead)


@dataclass(frozen=True, kw_only=True)
class Race(Generic[T]):
    """``works`` at once on what ``prepare`` made. With the ``guards`` it ``holds``; without them it must not.

    Each work is one transaction. Everybody is held before the first statement that matches ``act``, until nobody else
    moves, so that all have looked before anybody acts; then they act one after the other, in their order.
    """

    prepare: Callable[[], T]
    works: Callable[[T], Sequence[Callable[[], object]]]
    act: str
    guards: Sequence[Guard]
    holds: Callable[[T, list[object]], bool]
    refusals: tuple[type[Exception], ...] = (DomainError,)
    """How those who come second may be refused; anything else is a fault."""


class Hold:
    """Where racers wait before they act; see ``Race``."""

    def __init__(self, act: str, racers: int, room: int, watcher: psycopg.Connection) -> None:
        self._act = re.compile(act, re.DOTALL)
        self._watcher, self._racers, self._room = watcher, racers, room
        self._held: set[int] = set()
        self.passed: set[int] = set()
        self._done: set[int] = set()
        self._changed = Condition()
        self.mine = local()

    def before(self, statement: str) -> None:
        """Hold the racer of this thread, once, where the statement is the one it acts by."""
        me: int | None = getattr(self.mine, "number", None)
        if me is None or me in self.passed or not self._act.search(statement):
            return
        deadline = time.monotonic() + _PATIENCE
        with self._changed:
            self._held.add(me)
            while not (me == min(self._held) and self._is_still()):
                assert time.monotonic() < deadline, "the racers never came to rest"
                self._changed.wait(_LOOK)
            self._held.remove(me)
            self.passed.add(me)

    def finish(self) -> None:
        """Note that the racer of this thread has ended, one way or another."""
        with self._changed:
            self._done.add(self.mine.number)
            self._changed.notify_all()

    def _is_still(self) -> bool:
        blocked = self._watcher.execute(_WAITERS).fetchone()[0]  # type: ignore[index]
        return len(self._held) + int(blocked) >= min(self._racers - len(self._done), self._room)


def run(race: Race[T], world: T, database_url: str, guards: Sequence[Guard] = ()) -> list[object]:
    """Let the race happen with these guards off; give what came of each work: its result or its error."""
    works = race.works(world)
    engine: Any = db.get_bind()
    room = min(len(works), engine.pool.size())
    with psycopg.connect(database_url, autocommit=True) as watcher:
        for guard in guards:
            watcher.execute(guard.sql) if guard.sql else None
        hold = Hold(race.act, len(works), room, watcher)

        def interpose(_connection: object, _cursor: object, statement: str, parameters: object, *_: object) -> Any:
            hold.before(statement)
            for guard in guards:
                statement = guard.weakened(statement)
            return statement, parameters

        event.listen(Engine, "before_cursor_execute", interpose, retval=True)
        try:
            with ThreadPoolExecutor(room) as threads:
                return list(threads.map(lambda racer: racer(), _racers(works, hold)))
        finally:
            event.remove(Engine, "before_cursor_execute", interpose)
            assert len(hold.passed) > bool(guards), f"only {len(hold.passed)} came to {race.act}"


def _racers(works: Sequence[Callable[[], object]], hold: Hold) -> list[Callable[[], object]]:
    def go(number: int, work: Callable[[], object]) -> object:
        hold.mine.number = number
        try:
            return edge.write(work)
        except Exception as error:
            return error
        finally:
            hold.finish()

    return [partial(go, number, work) for number, work in enumerate(works)]


def prove(race: Race[T], databases: Callable[[], AbstractContextManager[str]]) -> list[object]:
    """Run the race guarded, then without its guards in a database of its own; give what came of the guarded one."""
    with databases() as url:
        world = edge.write(race.prepare)
        guarded = run(race, world, url)
        faults = [error for error in guarded if isinstance(error, Exception) and not isinstance(error, race.refusals)]
        assert not faults, faults
        assert race.holds(world, guarded), guarded
        broken = edge.write(invariants.violations)
        assert not broken, f"it holds, and the books do not: {broken}"
    with databases() as url:
        world = edge.write(race.prepare)
        control = run(race, world, url, race.guards)
        strange = [fault for fault in control if isinstance(fault, Exception) and not isinstance(fault, race.refusals)]
        assert not strange, f"lost by something else than its missing guards: {strange}"
        assert not race.holds(world, control), f"it holds without its guards too, so this proves nothing: {control}"
    return guarded
