"""``portal seed``: fills a believable directory of listed shops, thousands a second.

The shops are entitled directly and owe nothing: they have no customer, no subscription and no owner who logs in.
"""

import json
from collections.abc import Callable
from datetime import datetime

import click
import psycopg
from psycopg import sql

from portal.cli import environment, progress, seed_shops
from portal.kit.config import load_settings

_CHUNK = 500


@click.command("seed", help="Fill the directory with believable shops; those of an earlier call are kept.")
@click.option("--vendors", type=click.IntRange(1, 1_000_000), default=200, show_default=True, help="Shops in the end.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def seed(vendors: int, as_json: bool) -> None:
    """Bring the number of seeded shops to ``vendors``."""
    settings = load_settings(environment.of_instance())
    with psycopg.connect(settings.database_url, autocommit=True) as connection:
        with progress.counted("Opening shops", vendors) as tell:
            there = fill(connection, vendors, tell)
        connection.execute("ANALYZE businesses, branches, products, business_entitlements, directory_search")
    click.echo(json.dumps({"shops": there}) if as_json else f"The directory has {there} seeded shops.")


def fill(connection: psycopg.Connection, vendors: int, tell: Callable[[int], None]) -> int:
    """Bring the number of seeded shops to ``vendors`` and return how many there are; fewer are never asked for.

    :param tell: called with how many are there by now.
    """
    present, now = _present(connection)
    tell(present)
    for first in range(present, vendors, _CHUNK):
        numbers = range(first, min(first + _CHUNK, vendors))
        store(connection, seed_shops.chunk(numbers, now))
        tell(numbers.stop)
    return max(present, vendors)


def store(connection: psycopg.Connection, made: seed_shops.Chunk) -> None:
    """Copy a chunk of shops into their tables as one transaction."""
    with connection.transaction(), connection.cursor() as cursor:
        for table, rows in made.rows.items():
            columns = sql.SQL(", ").join(sql.Identifier(name) for name in seed_shops.COLUMNS[table].split())
            with cursor.copy(sql.SQL("COPY {} ({}) FROM STDIN").format(sql.Identifier(table), columns)) as copy:
                for row in rows:
                    copy.write_row(row)


def _present(connection: psycopg.Connection) -> tuple[int, datetime]:
    """Return how many shops were seeded before, and the business time."""
    query = "SELECT count(*), business_now() FROM businesses WHERE public_id LIKE %s"
    return connection.execute(query, [f"{seed_shops.PREFIX}%"]).fetchall()[0]


COMMANDS = (seed,)
