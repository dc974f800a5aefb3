"""Bringing a database to the wanted revision, only when it is not there yet.

Whether it is there is told from the text of the migration files, as loading Alembic costs half a second.
"""

import ast
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg

from portal.cli.databases import DatabaseError

ROOT = Path(__file__).parents[2]
MIGRATIONS = ROOT / "migrations"


def wanted_heads() -> set[str]:
    """The newest revisions among the migration files: those that no other one continues."""
    revisions, continued = set[str](), set[str]()
    for file in (MIGRATIONS / "versions").glob("*.py"):
        constants = _constants(file)
        revisions |= constants["revision"]
        continued |= constants["down_revision"]
    return revisions - continued


def present_heads(url: str) -> set[str]:
    """The revisions a database is at; empty for a new one."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            return set()
        return {row[0] for row in connection.execute("SELECT version_num FROM alembic_version")}


def migrate(owner_url: str, target: str = "head") -> bool:
    """Upgrade the database to the head, or to an older ``target``; says whether there was anything to do.

    :raises DatabaseError: others use what is to be changed and did not let go of it; that step changed nothing.
    """
    if present_heads(owner_url) == wanted_heads():
        return False
    from alembic import command
    from alembic.config import Config
    from sqlalchemy.exc import OperationalError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    with _environment("DATABASE_OWNER_URL", owner_url):
        try:
            command.upgrade(config, target)
        except OperationalError as error:
            if not isinstance(error.orig, psycopg.errors.LockNotAvailable):
                raise
            raise DatabaseError("the tables to change are in use; nothing of this step was kept: try again") from error
    return True


def _constants(file: Path) -> dict[str, set[str]]:
    """The texts assigned to `revision` and `down_revision` at the top of a migration."""
    found: dict[str, set[str]] = {"revision": set(), "down_revision": set()}
    for statement in ast.parse(file.read_text()).body:
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        for target in targets:
            if isinstance(target, ast.Name) and target.id in found:
                value = ast.literal_eval(statement.value)  # type: ignore[attr-defined]
                found[target.id] |= {value} if isinstance(value, str) else set(value or ())
    return found


@contextmanager
def _environment(name: str, value: str) -> Iterator[None]:
    """The migrations read their database from the environment, as on the command line of Alembic."""
    before = os.environ.get(name)
    os.environ[name] = value
    try:
        yield
    finally:
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before
