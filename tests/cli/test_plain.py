"""What commands say: results apart from progress, and beside a database that is away a sentence, no traceback."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from sqlalchemy.exc import IntegrityError

from portal.app import main
from portal.cli.plain import plain_errors
from portal.cli.ports import free_ports
from portal.kit import edge
from tests.support.settings import SECRET

Typed = Callable[..., Result]
_ASKS_THE_DATABASE = (
    "billing run",
    "billing preview",
    "clock show",
    "clock advance 1 hour",
    "ledger check",
    "migrate",
    "operator reset-second-factor olga@desk.example",
    "seed --vendors 1",
)


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Typed]:
    """What a command says that is typed beside the database of this address."""

    def run(url: str, words: str) -> Result:
        given = {"DATABASE_URL": url, "REDIS_URL": "redis://127.0.0.1", "SECRET_KEY": SECRET, "PORTAL_SANDBOX": "1"}
        for name, value in (given | {"PORTAL_STATE": str(tmp_path / "state")}).items():
            monkeypatch.setenv(name, value)
        return CliRunner().invoke(main, words.split())

    yield run
    edge.disconnect()


@pytest.mark.parametrize("words", _ASKS_THE_DATABASE)
def test_a_database_that_is_away_is_told_in_a_sentence(typed: Typed, words: str) -> None:
    (nowhere,) = free_ports(1)
    told = typed(f"postgresql://nobody@127.0.0.1:{nowhere}/nothing", words)
    assert (told.exit_code, told.stdout) == (1, "")
    assert "Connection refused" in told.stderr
    assert isinstance(told.exception, SystemExit)


def test_a_database_without_our_tables_is_told_with_what_mends_it(typed: Typed, empty_database: str) -> None:
    told = typed(empty_database, "billing run")
    assert told.exit_code == 1
    assert "`portal migrate` brings it there" in told.stderr
    assert isinstance(told.exception, SystemExit)


def test_how_far_it_has_come_stands_beside_the_result(typed: Typed, fresh_database: str) -> None:
    told = typed(fresh_database, "seed --vendors 3 --json")
    assert (told.exit_code, json.loads(told.stdout)) == (0, {"shops": 3})
    assert told.stderr == "opening shops: 0 of 3\nopening shops: 3 of 3\n"


@pytest.mark.parametrize("mistake", [psycopg.DataError("a mistake"), IntegrityError("s", {}, Exception("a mistake"))])
def test_a_mistake_of_ours_stays_one(mistake: Exception) -> None:
    with pytest.raises(type(mistake), match="a mistake"), plain_errors():
        raise mistake
