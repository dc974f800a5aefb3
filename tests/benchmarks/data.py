"""The database that pages are measured on: made once, kept in a server of its own, made anew when its schema changes.

100,000 shops with 1,000,000 products; 1,000,000 payments, 100,000 of them the first shop's. Everything is copied with
triggers off, so what triggers keep is written here, and a bench first makes sure that the books are sound.
"""

import hashlib
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import click
import psycopg

from portal.cli import databases, migrations, seed_shops, seed_words
from portal.cli.seed import store
from portal.identity import team
from portal.kit import edge
from tests.support import shop, world
from tests.support.servers import Servers

OWNER = "bench@shop.example"
"""Owns the first shop, the one with a tenth of all payments."""
_CHUNK = 2_000
_SEED = Path(__file__).parent / "seed"
_SOURCES = (*sorted(_SEED.glob("*.sql")), Path(str(seed_shops.__file__)), Path(str(seed_words.__file__)))
_KEPT = "SELECT datname, shobj_description(oid, 'pg_database') FROM pg_database WHERE datname LIKE 'bench\\_%'"
_BULK = "-c session_replication_role=replica -c synchronous_commit=off -c maintenance_work_mem=512MB -c work_mem=256MB"


@dataclass(frozen=True, slots=True)
class Size:
    """How much there is of what."""

    shops: int = 100_000
    products: int = 1_000_000
    payments: int = 1_000_000
    payments_of_first: int = 100_000


def ensure(servers: Servers) -> str:
    """Return the address of the filled database, made first where there is none of this seed and schema.

    Migrations that came since are run on it; one that was changed since means that it is made anew.
    """
    name = f"bench_{_fingerprint(*_SOURCES)}"
    with psycopg.connect(servers.postgres_url, autocommit=True) as connection:
        there = dict(connection.execute(_KEPT).fetchall())
        schema = {file.name: _fingerprint(file) for file in sorted((migrations.MIGRATIONS / "versions").glob("*.py"))}
        is_good = name in there and _leads_to(schema, json.loads(there[name] or "{}"), servers.database_url(name))
        for old in there.keys() - ({name} if is_good else set()):
            databases.drop(servers.postgres_url, old)
        if not is_good:
            make(servers, f"{name}_draft", Size())
            connection.execute(f"ALTER DATABASE {name}_draft RENAME TO {name}")
        elif migrations.migrate(servers.database_url(name)):
            _settle(servers.database_url(name))
        connection.execute(f"COMMENT ON DATABASE {name} IS '{json.dumps(schema)}'")
    return servers.database_url(name)


def _leads_to(schema: dict[str, str], present: dict[str, str], url: str) -> bool:
    """Whether a database of the ``present`` migrations is, or can be brought to, one of all of them."""
    is_newest = migrations.present_heads(url) == migrations.wanted_heads()
    return schema == present if is_newest else present.items() <= schema.items()


def _fingerprint(*files: Path) -> str:
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()[:12]


def make(servers: Servers, draft: str, size: Size) -> None:
    """Make a database of a size and fill it."""
    databases.drop(servers.postgres_url, draft)
    databases.create(servers.postgres_url, draft)
    url = servers.database_url(draft)
    migrations.migrate(url)
    world.furnish(url)
    with psycopg.connect(url, autocommit=True, options=_BULK) as connection:
        with _told(f"{size.shops} shops"):
            _open_shops(connection, size.shops)
        with _told(f"{size.products} products, counted and searchable"):
            _finish_directory(connection, size.products)
        with _told(f"{size.payments} payments"), connection.transaction():
            _run(connection, "payments.sql", most=size.payments_of_first, all=size.payments)
    _give_owner(url)
    _settle(url)


def _open_shops(connection: psycopg.Connection, shops: int) -> None:
    now: datetime = connection.execute("SELECT business_now()").fetchall()[0][0]
    for first in range(0, shops, _CHUNK):
        store(connection, seed_shops.chunk(range(first, min(first + _CHUNK, shops)), now))


def _finish_directory(connection: psycopg.Connection, products: int) -> None:
    """Bring the products to their number, one more for each shop from the last one on; then count and index them."""
    missing = products - connection.execute("SELECT count(*) FROM products").fetchall()[0][0]
    _run(connection, "directory.sql", missing=missing)
    ids = [row[0] for row in connection.execute("SELECT id FROM businesses ORDER BY public_id")]
    for first in range(0, len(ids), _CHUNK):
        connection.execute("SELECT refresh_directory_search(%s)", [ids[first : first + _CHUNK]])


def _settle(url: str) -> None:
    """Give the planner its figures, and make sure that the books are sound."""
    with psycopg.connect(url, autocommit=True, options=_BULK) as connection:
        with _told("the planner's figures"):
            connection.execute("VACUUM (ANALYZE)")
        with _told("sure that the books are sound"):
            broken = connection.execute("SELECT rule, count(*) FROM invariant_violations GROUP BY rule").fetchall()
            assert broken == [], broken


def _give_owner(url: str) -> None:
    """Let a person own the first shop, by the product's own functions."""
    edge.connect(url, pool_size=1, application="bench")
    with psycopg.connect(url) as connection:
        first = connection.execute("SELECT id FROM businesses ORDER BY public_id LIMIT 1").fetchall()[0][0]
    edge.write(lambda: team.add_owner(first, shop.make_owner(OWNER).id, edge.now()))
    edge.disconnect()


def _run(connection: psycopg.Connection, file: str, **amounts: int) -> None:
    psycopg.ClientCursor(connection).execute((_SEED / file).read_text(), amounts)


@contextmanager
def _told(what: str) -> Iterator[None]:
    began = time.monotonic()
    click.echo(f"making {what} … ", nl=False)
    yield
    click.echo(f"{time.monotonic() - began:.0f} s")
