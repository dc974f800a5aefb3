"""The role that the product works as: rows are its own to change, the guards around them are not."""

from collections.abc import Iterator
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import pytest
from psycopg import sql

from portal.cli import app_role
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
    with psycopg.connect(fresh_database) as owner:
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
