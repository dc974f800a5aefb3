"""The embedded servers: made once, found again, closed to strangers, and able to read Chinese."""

from pathlib import Path

import psycopg
import pytest

from portal.cli import postgres, valkey
from portal.cli.ports import free_ports
from portal.cli.processes import Child
from portal.cli.unprivileged import is_open_to_others
from tests.support.servers import Servers


@pytest.fixture
def state(tmp_path: Path) -> Path:
    (tmp_path / "run").mkdir()
    return tmp_path


def started(server: postgres.Postgres | valkey.Valkey, state: Path) -> Child:
    child = Child(server.command(), state / f"{server.port}.log", state / "run" / str(server.port))
    server.wait_until_ready(child)
    return child


def test_postgres_keeps_its_data_even_when_killed(state: Path) -> None:
    (port,) = free_ports(1)
    server = postgres.prepare(state, None, port)
    child = started(server, state)
    with psycopg.connect(server.url("postgres")) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS one")
    child.process.kill()
    child.process.wait()

    again = postgres.prepare(state, None, port)
    child = started(again, state)

    assert again.password == server.password
    with psycopg.connect(again.url("postgres")) as connection:
        assert connection.execute("SELECT one FROM kept").fetchone() == (1,)
    child.stop()


def test_g14_its_log_does_not_repeat_what_was_in_a_refused_row(state: Path) -> None:
    (port,) = free_ports(1)
    server = postgres.prepare(state, None, port)
    child = started(server, state)
    with psycopg.connect(server.url("postgres"), autocommit=True) as connection:
        connection.execute("CREATE TABLE notes (note text UNIQUE CHECK (length(note) < 20))")
        connection.execute("INSERT INTO notes VALUES ('canary-1')")
        for note in ("canary-1", "canary-that-is-too-long"):
            with pytest.raises(psycopg.IntegrityError, match="canary"):
                connection.execute("INSERT INTO notes VALUES (%s)", [note])
    child.stop()

    log = (state / f"{port}.log").read_text()
    assert log.count("ERROR") == 2
    assert "canary" not in log


def test_data_of_another_major_version_are_left_alone(state: Path) -> None:
    server = postgres.prepare(state, None, 1)
    (server.data / "PG_VERSION").write_text("9\n")

    with pytest.raises(postgres.PostgresError, match="written by PostgreSQL 9"):
        postgres.prepare(state, None, 1)


def test_binaries_that_are_none_are_named(state: Path, tmp_path: Path) -> None:
    with pytest.raises(postgres.PostgresError, match=str(tmp_path)):
        postgres.prepare(state, tmp_path, 1)


def test_a_wrong_password_does_not_open_postgres(servers: Servers) -> None:
    password = servers.postgres_url.split(":")[2].split("@")[0]

    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(servers.postgres_url.replace(password, "guess"))


def test_trigrams_of_chinese_words_exist_and_sorting_is_by_code(empty_database: str) -> None:
    with psycopg.connect(empty_database) as connection:
        connection.execute("CREATE EXTENSION pg_trgm")
        assert connection.execute("SELECT cardinality(show_trgm('咖啡')) > 0, 'a' > 'B'").fetchone() == (True, True)
        assert connection.execute("SHOW timezone").fetchone() == ("UTC",)


def test_redis_keeps_its_data_and_its_password_out_of_the_process_list(state: Path) -> None:
    (port,) = free_ports(1)
    server = valkey.prepare(state, None, port)
    child = started(server, state)

    assert server.password not in " ".join(map(str, server.command().arguments))
    assert (state / "redis" / "redis.conf").stat().st_mode & 0o077 == 0
    assert any((state / "redis").rglob("*.aof"))

    child.stop()
    assert not child.is_running()


def test_a_server_that_cannot_start_says_why(state: Path) -> None:
    server = valkey.prepare(state, None, 1)
    server.config.write_text("no-such-directive yes\n")
    child = Child(server.command(), state / "log", state / "run" / "redis")

    with pytest.raises(valkey.ValkeyError, match="no-such-directive"):
        server.wait_until_ready(child)

    child.stop()


def test_a_folder_closed_to_others_is_seen_as_such(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)

    assert not is_open_to_others(closed)
    assert is_open_to_others(Path("/usr"))
