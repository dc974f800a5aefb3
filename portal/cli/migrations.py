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
    revisions, continued = _revisions()
    return revisions - continued


def ahead(heads: set[str]) -> str:
    """What to say of a database at ``heads`` that a newer release has changed; empty where this one knows them all."""
    unknown = ", ".join(sorted(heads - _revisions()[0]))
    if not unknown:
        return ""
    return (
        f"the database is at revision {unknown}, which a newer release has brought it to and this one does not know: "
        "run the newer release; this one changes nothing"
    )


def present_heads(url: str) -> set[str]:
    """The revisions a database is at; empty for a new one."""
    with psycopg.connect(url, connect_timeout=10) as connection:
        if connection.execute("SELECT to_regclass('alembic_version')").fetchone() == (None,):
            return set()
        return {row[0] for row in connection.execute("SELECT version_num FROM alembic_version")}


def migrate(owner_url: str, target: str = "head") -> bool:
    """Upgrade the database to the head, or to an older ``target``; says whether there was anything to do.

    :raises DatabaseError: a newer release has changed it already; or others use what is to be changed and did not let
        go of it, and that step changed nothing.
    """
    present = present_heads(owner_url)
    if present == wanted_heads():
        return False
    if said := ahead(present):
        raise DatabaseError(said)
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


def _revisions() -> tuple[set[str], set[str]]:
    """All revisions among the migration files, and those of them that another one continues."""
    revisions, continued = set[str](), set[str]()
    for file in (MIGRATIONS / "versions").glob("*.py"):
        constants = _constants(file)
        revisions |= constants["revision"]
        continued |= constants["down_revision"]
    return revisions, continued


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
