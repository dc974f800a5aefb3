"""The role that the product works as: rows are its own to change, the guards around them are not."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.exc import DataError

from portal.cli import app_role, migrations
from portal.cli.databases import DatabaseError
from tests.support.servers import Servers


def as_user(url: str, name: str) -> str:
    """The address with another user."""
    parts = urlsplit(url)
    return urlunsplit(parts._replace(netloc=f"{name}:a%40b@{parts.hostname}:{parts.port}"))


@pytest.fixture
def app_url(fresh_database: str, servers: Servers) -> Iterator[str]:
    """The address of the database for a role of the test's own."""
    name = f"app_{uuid4().hex[:12]}"
    app_role.ensure(fresh_database, as_user(fresh_database, name))
    yield as_user(fresh_database, name)
    drop(fresh_database, name)


def drop(owner_url: str, name: str) -> None:
    """Remove a role with all its rights."""
    with psycopg.connect(owner_url) as owner:
        owner.execute(sql.SQL("DROP OWNED BY {}; DROP ROLE {}").format(*[sql.Identifier(name)] * 2))


def test_rows_may_be_changed_and_it_may_be_made_twice(app_url: str, fresh_database: str) -> None:
    app_role.ensure(fresh_database, app_url)
    with psycopg.connect(app_url) as app:
        app.execute("INSERT INTO heartbeats (process) VALUES ('x')")
        app.execute("UPDATE heartbeats SET beat_at = clock_timestamp()")
        app.execute("DELETE FROM heartbeats")
        assert app.execute("SELECT count(*) FROM alembic_version").fetchone() == (1,)


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE ledger_entries DISABLE TRIGGER ALL",
        "DROP TABLE ledger_entries",
        "TRUNCATE audit_log CASCADE",
        "CREATE TABLE mine (a int)",
        "UPDATE alembic_version SET version_num = '0001'",
        "SET session_replication_role = 'replica'",
        "DROP VIEW invariant_violations",
        "COPY heartbeats TO PROGRAM 'true'",
    ],
)
def test_guards_stay(app_url: str, statement: str) -> None:
    with psycopg.connect(app_url) as app, pytest.raises(psycopg.errors.InsufficientPrivilege):
        app.execute(statement)


def test_who_may_not_make_roles_is_told(app_url: str) -> None:
    with pytest.raises(DatabaseError, match="DATABASE_URL: its user does not exist"):
        app_role.ensure(app_url, as_user(app_url, "nobody_yet"))


def test_the_owner_alone_stays_alone(fresh_database: str) -> None:
    app_role.ensure(fresh_database, fresh_database)


_BAD = """
from alembic import op
revision, down_revision = "9999", "{}"
def upgrade(): op.execute("SELECT 1 / 0")
"""


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """One more migration, which fails after all others are kept."""
    (head,) = migrations.wanted_heads()
    shutil.copytree(migrations.MIGRATIONS, tmp_path / "migrations")
    (tmp_path / "migrations" / "versions" / "9999_bad.py").write_text(_BAD.format(head))
    monkeypatch.setattr(migrations, "MIGRATIONS", tmp_path / "migrations")


@pytest.mark.usefixtures("failing")
def test_what_migrations_made_may_be_used_though_a_later_one_failed(empty_database: str) -> None:
    app = as_user(empty_database, f"app_{uuid4().hex[:12]}")
    with app_role.rights(empty_database, app):
        migrations.migrate(empty_database, "0017")
    try:
        with app_role.rights(empty_database, app):
            with pytest.raises(DataError, match="division by zero"):
                migrations.migrate(empty_database)
            use_marks(app)
        use_marks(app)
    finally:
        drop(empty_database, urlsplit(app).username or "")


def use_marks(app_url: str) -> None:
    """Write as the product's role what 0018 marks by triggers, and read as a dump does."""
    with psycopg.connect(app_url) as app:
        app.execute("INSERT INTO content_marks (tag) VALUES ('here')")
        app.execute("SELECT last_value FROM content_marks_id_seq")
