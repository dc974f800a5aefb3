"""Databases for tests: clones of the migrated template, and empty ones, each dropped by whoever asked for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg

from portal.cli import databases, migrations
from tests.support import world
from tests.support.servers import Servers

TEMPLATE = "migrated"


@contextmanager
def cloned(servers: Servers, prefix: str, template: str = TEMPLATE) -> Iterator[str]:
    """The address of a new database with all tables, or like ``template``; dropped at the end, connections or not."""
    _build_template(servers)
    with _made(servers, prefix, template) as url:
        yield url


@contextmanager
def empty(servers: Servers) -> Iterator[str]:
    """The address of a new database without any table; dropped at the end."""
    with _made(servers, "empty", "template1") as url:
        yield url


@contextmanager
def _made(servers: Servers, prefix: str, template: str) -> Iterator[str]:
    name = f"{prefix}_{uuid4().hex[:12]}"
    databases.create(servers.postgres_url, name, template)
    try:
        yield servers.database_url(name)
    finally:
        databases.drop(servers.postgres_url, name)


def _build_template(servers: Servers) -> None:
    """Migrate the template once a run: the first process builds it under a lock while the others wait."""
    with psycopg.connect(servers.postgres_url, autocommit=True) as connection:
        connection.execute("SELECT pg_advisory_lock(1)")
        if connection.execute("SELECT FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone() is not None:
            return
        draft = f"{TEMPLATE}_draft"
        databases.drop(servers.postgres_url, draft)
        databases.create(servers.postgres_url, draft)
        migrations.migrate(servers.database_url(draft))
        world.furnish(servers.database_url(draft))
        connection.execute(f"ALTER DATABASE {draft} RENAME TO {TEMPLATE}")
