"""The wire that can be cut, itself: what it lets pass, where exactly it cuts, and that it is whole again afterwards."""

import time
from collections.abc import Iterator

import psycopg
import pytest
import redis
import requests

from tests.support.cut_proxy import COMMIT, CutProxy, postgres_messages
from tests.support.sandbox import Sandbox
from tests.support.servers import Servers

NUMBERS = "SELECT count(*) FROM numbers"


@pytest.fixture
def wire(empty_database: str) -> Iterator[CutProxy]:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("CREATE TABLE numbers (number int)")
    with CutProxy.of(empty_database) as proxy:
        yield proxy


def insert(url: str, number: int) -> None:
    with psycopg.connect(url) as connection:
        connection.execute("INSERT INTO numbers VALUES (%s)", [number])


def kept(url: str) -> int:
    with psycopg.connect(url) as connection:
        return int(connection.execute(NUMBERS).fetchone()[0])  # type: ignore[index]


@pytest.mark.parametrize(("moment", "rows"), [("cut_before", 0), ("cut_after", 1)])
def test_a_commit_is_cut_off_before_or_after_it_arrived(
    wire: CutProxy, empty_database: str, moment: str, rows: int
) -> None:
    getattr(wire, moment)(COMMIT)
    with pytest.raises(psycopg.OperationalError):
        insert(wire.through(empty_database), 1)
    assert wire.was_cut.is_set()
    assert kept(empty_database) == rows
    insert(wire.through(empty_database), 2)
    assert kept(empty_database) == rows + 1


def test_the_second_commit_is_cut_where_the_second_is_meant(wire: CutProxy, empty_database: str) -> None:
    wire.cut_before(COMMIT, 2)
    insert(wire.through(empty_database), 1)
    with pytest.raises(psycopg.OperationalError):
        insert(wire.through(empty_database), 2)
    assert kept(empty_database) == 1


def test_only_what_asks_for_a_commit_counts_as_one(wire: CutProxy, empty_database: str) -> None:
    wire.watch(COMMIT)
    with psycopg.connect(wire.through(empty_database)) as connection:
        connection.execute("SELECT 'COMMIT'")
        assert wire.seen == 0
    assert wire.seen == 1


def test_messages_are_told_apart_however_they_are_cut_into_pieces() -> None:
    query = b"Q" + (11).to_bytes(4) + b"COMMIT\0"
    startup = (9).to_bytes(4) + (196608).to_bytes(4) + b"\0"
    said, split, found = bytearray(), postgres_messages(), []
    for byte in startup + query + query:
        said.append(byte)
        found += split(said)
    assert found == [startup, query, query]


def test_cut_nobody_listens_there_and_mended_all_goes_on(wire: CutProxy, empty_database: str) -> None:
    with psycopg.connect(wire.through(empty_database)) as connection:
        wire.cut()
        with pytest.raises(psycopg.OperationalError):
            connection.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError):
        insert(wire.through(empty_database), 1)
    wire.mend()
    insert(wire.through(empty_database), 1)
    assert kept(empty_database) == 1


def test_what_passes_takes_longer(wire: CutProxy, empty_database: str) -> None:
    with psycopg.connect(wire.through(empty_database), autocommit=True) as connection:
        wire.delay(0.05)
        began = time.monotonic()
        connection.execute("SELECT 1")
        assert time.monotonic() - began > 0.1


def test_answers_come_in_pieces_and_whole(wire: CutProxy, empty_database: str) -> None:
    wire.slice(3)
    insert(wire.through(empty_database), 1)
    assert kept(wire.through(empty_database)) == 1


def test_redis_is_cut_at_a_command(servers: Servers, worker_redis: str) -> None:
    with CutProxy.of(worker_redis) as wire, redis.Redis.from_url(wire.through(worker_redis)) as client:
        client.delete("bell")
        wire.cut_after(b"RPUSH")
        with pytest.raises(redis.ConnectionError):
            client.execute_command("RPUSH", "bell", "rung")
        assert client.llen("bell") == 1


def test_a_provider_is_cut_at_a_request(sandbox: Sandbox) -> None:
    with CutProxy.of(sandbox.url) as wire:
        for moment, heard in (("cut_before", 0), ("cut_after", 1)):
            sandbox.reset()
            getattr(wire, moment)(rb"GET /v3/")
            with pytest.raises(requests.ConnectionError):
                requests.get(f"{wire.through(sandbox.url)}/v3/pay/transactions/out-trade-no/SH1?mchid=1", timeout=5)
            assert len(sandbox.log()["requests"]) == heard
