"""Connections that die while nobody uses them, or under somebody's hands: who rested for long is asked first."""

from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from portal.kit import db as database
from portal.kit import edge
from portal.kit.db import db
from tests.support.cut_proxy import CutProxy

_NOTE = text("INSERT INTO heartbeats (process) VALUES ('note')")
_NOTES = text("SELECT count(*) FROM heartbeats")
_END_OTHERS = (
    "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid()"
)


@pytest.fixture
def wire(committing: None, fresh_database: str) -> Iterator[CutProxy]:
    """The wire of a pool with one connection."""
    with CutProxy.of(fresh_database) as wire:
        edge.connect(wire.through(fresh_database), pool_size=1, application="kit")
        yield wire
        edge.disconnect()


def read() -> int:
    """Ask as a page does that only reads: outside of what is begun anew."""
    try:
        return int(db.execute(_NOTES).scalar_one())
    finally:
        edge.end()


@pytest.fixture
def dead(committing: None, fresh_database: str) -> None:
    """The pool's one connection has ended, and the pool does not know."""
    edge.connect(fresh_database, pool_size=1, application="kit")
    read()
    with psycopg.connect(fresh_database) as other:
        assert other.execute(_END_OTHERS).fetchall() == [(True,)]


@pytest.mark.usefixtures("dead")
def test_who_rested_for_long_is_replaced_unnoticed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_AT_REST", 0)
    assert read() == 0


@pytest.mark.usefixtures("dead")
def test_who_died_a_moment_ago_fails_once_and_then_all_are_new(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_AT_REST", 60)
    with pytest.raises(OperationalError):
        read()
    assert read() == 0


@pytest.mark.usefixtures("dead")
def test_what_writes_is_begun_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(database, "_AT_REST", 60)
    edge.write(lambda: db.execute(_NOTE))
    assert read() == 1


@pytest.mark.parametrize("where", ["cut_before", "cut_after"])
def test_a_connection_cut_in_a_statement_costs_nothing(wire: CutProxy, where: str) -> None:
    read()
    getattr(wire, where)(b"INSERT INTO heartbeats")
    edge.write(lambda: db.execute(_NOTE))
    assert wire.was_cut.is_set()
    assert read() == 1


def test_a_connection_in_use_is_not_asked_each_time(wire: CutProxy) -> None:
    read()
    wire.watch(b"SELECT 1")
    read()
    assert wire.seen == 0
