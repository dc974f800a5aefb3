"""`portal clock` as a person types it."""

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from sqlalchemy import text

from portal.app import main
from portal.cli import databases
from portal.kit import clock, clock_target, edge
from portal.kit.db import db
from tests.support.servers import Servers
from tests.support.settings import SECRET

Typed = Callable[..., Result]


@pytest.fixture
def typed(fresh_database: str, worker_redis: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Typed:
    """What a command says that is typed beside a sandbox of its own, none of whose processes run."""
    given = {"DATABASE_URL": fresh_database, "REDIS_URL": worker_redis, "SECRET_KEY": SECRET, "PORTAL_SANDBOX": "1"}
    for name, value in (given | {"PORTAL_STATE": str(tmp_path / "state")}).items():
        monkeypatch.setenv(name, value)

    def run(*words: str) -> Result:
        try:
            return CliRunner().invoke(main, ["clock", *words])
        finally:
            edge.disconnect()

    return run


def test_it_shows_the_two_times(typed: Typed) -> None:
    shown = typed("show")
    told = json.loads(typed("show", "--json").output)

    assert shown.exit_code == 0
    assert "business time" in shown.output
    assert told.keys() == {"now", "wall", "ahead_seconds", "target"}
    assert (told["ahead_seconds"], told["target"]) == (0, None)


def test_nothing_is_moved_without_somebody_to_step(typed: Typed) -> None:
    refused = typed("advance", "1", "hour")

    assert refused.exit_code == 1
    assert "start the product first" in refused.output
    assert json.loads(typed("show", "--json").output)["target"] is None


def alive(url: str) -> None:
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("INSERT INTO heartbeats (process) VALUES ('scheduler')")


def test_a_step_that_is_none_is_refused(typed: Typed, fresh_database: str) -> None:
    alive(fresh_database)
    refused, back = typed("advance", "soon"), typed("advance", "-1", "month")

    assert (refused.exit_code, back.exit_code) == (1, 1)
    assert "for example 1 hour" in refused.output
    assert "never goes back" in back.output


def test_beside_real_money_nothing_is_moved(typed: Typed, fresh_database: str, monkeypatch: pytest.MonkeyPatch) -> None:
    alive(fresh_database)
    monkeypatch.setenv("PORTAL_SANDBOX", "0")
    refused = typed("advance", "1 hour")

    assert refused.exit_code == 1
    assert "Only the clock of a sandbox can be moved" in refused.output


def _arrive() -> None:
    clock.advance(timedelta(hours=1))
    clock_target.stop()


def _fall_silent() -> None:
    db.execute(text("UPDATE heartbeats SET beat_at = beat_at - interval '1 minute'"))


@pytest.mark.parametrize(
    ("meanwhile", "said"),
    [(_arrive, None), (clock_target.stop, "stopped on its way"), (_fall_silent, "The scheduler has fallen silent")],
)
def test_it_waits_until_it_comes_no_further_and_says_why(
    typed: Typed, fresh_database: str, monkeypatch: pytest.MonkeyPatch, meanwhile: Callable[[], None], said: str | None
) -> None:
    alive(fresh_database)
    monkeypatch.setattr("portal.cli.clock.time.sleep", lambda _: edge.write(meanwhile))
    ended = typed("advance", "1", "hour", "--json")

    assert json.loads(ended.stdout)["arrived"] is (said is None)
    assert ended.exit_code == (1 if said else 0)
    assert (said or "to ") in ended.stderr


def test_resetting_wipes_the_sandbox_and_keeps_its_keys(
    typed: Typed, fresh_database: str, servers: Servers, tmp_path: Path
) -> None:
    state = tmp_path / "state"
    for kept in ("uploads/picture.webp", "sandbox-keys/product.env", "secrets/secret-key"):
        (state / kept).parent.mkdir(parents=True, exist_ok=True)
        (state / kept).write_text("kept")
    assert typed("reset").exit_code == 1
    assert (state / "uploads").exists()

    done = typed("reset", "--yes")

    assert (done.exit_code, done.output) == (0, "wiped; the next start begins anew\n")
    assert not (state / "uploads").exists()
    assert (state / "sandbox-keys/product.env").exists()
    assert (state / "secrets/secret-key").exists()
    with psycopg.connect(servers.postgres_url) as connection:
        left = connection.execute(
            "SELECT FROM pg_database WHERE datname = %s", [databases.name_of(fresh_database)]
        ).fetchone()
    assert left is None


def test_what_real_money_left_is_not_wiped(typed: Typed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_SANDBOX", "0")
    refused = typed("reset", "--yes")

    assert refused.exit_code == 1
    assert "no sandbox" in refused.output
    assert typed("show").exit_code == 0
