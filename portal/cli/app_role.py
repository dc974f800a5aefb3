"""The role that the product works as: it owns nothing, so it can change rows and no table, trigger or right.

Where the owner's address and the product's are the same there is no such role, and nothing is done.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql

from portal.cli.databases import DatabaseError

_TURN = 7_340_002
_ALREADY = "SELECT FROM pg_roles WHERE rolname = %s"
_RIGHTS = (
    "GRANT USAGE ON SCHEMA public TO {}",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
    "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO {}",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT USAGE, SELECT ON SEQUENCES TO {}",
)
"""On what is there, and on what migrations make: triggers use it as soon as it is there, in the name of who writes."""
_HAS_REVISION = "SELECT to_regclass('alembic_version') IS NOT NULL"
_NOT_THE_REVISION = "REVOKE INSERT, UPDATE, DELETE ON alembic_version FROM {}"


@contextmanager
def rights(owner_url: str, app_url: str) -> Iterator[None]:
    """Give the role its rights before the block, which migrates, and after it however it ends."""
    ensure(owner_url, app_url)
    try:
        yield
    finally:
        ensure(owner_url, app_url)


def ensure(owner_url: str, app_url: str) -> None:
    """Make the role of ``app_url`` unless it is there, and give it its rights on all tables that are there or will be.

    :raises DatabaseError: the owner may not make roles and nobody has made this one.
    """
    app = urlsplit(app_url)
    name = unquote(app.username or "")
    if unquote(urlsplit(owner_url).username or "") == name:
        return
    role = sql.Identifier(name)
    with psycopg.connect(owner_url, connect_timeout=10) as connection:
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [_TURN])
        if connection.execute(_ALREADY, [name]).fetchone() is None:
            _create(connection, role, unquote(app.password or ""))
        for right in _RIGHTS:
            connection.execute(sql.SQL(right).format(role))
        if connection.execute(_HAS_REVISION).fetchone() == (True,):
            connection.execute(sql.SQL(_NOT_THE_REVISION).format(role))


def _create(connection: psycopg.Connection, role: sql.Identifier, password: str) -> None:
    try:
        connection.execute(sql.SQL("CREATE ROLE {} LOGIN PASSWORD {}").format(role, sql.Literal(password)))
    except psycopg.errors.InsufficientPrivilege as error:
        told = "DATABASE_URL: its user does not exist, and the owner may not make it"
        raise DatabaseError(f"{told}: {error}") from error
