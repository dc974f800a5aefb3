"""Making sure that a database exists on its server, embedded or somebody else's."""

from urllib.parse import urlsplit, urlunsplit

import psycopg
from psycopg import errors, sql


class DatabaseError(Exception):
    """A database that is neither there nor could be made; the message names the setting to change."""


def name_of(url: str) -> str:
    """The name of the database in an address."""
    return urlsplit(url).path.strip("/")


def renamed(url: str, name: str) -> str:
    """The address of another database on the same server."""
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def ensure(url: str, setting: str) -> bool:
    """Create the database unless it is there; says whether it was made.

    Raises DatabaseError, naming the `setting` it came from, when the server is out of reach or does not allow it.
    """
    try:
        psycopg.connect(url, connect_timeout=10).close()
    except psycopg.OperationalError as error:
        if f'database "{name_of(url)}" does not exist' not in str(error):
            raise DatabaseError(f"{setting}: the server does not let us in: {error}") from error
    else:
        return False
    try:
        create(renamed(url, "postgres"), name_of(url))
    except psycopg.Error as error:
        raise DatabaseError(f"{setting}: {name_of(url)} does not exist and cannot be made: {error}") from error
    return True


def create(server_url: str, name: str, template: str = "template1") -> None:
    """Create a database through any other one on the same server; quietly nothing when it was made meanwhile."""
    statement = sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template))
    with psycopg.connect(server_url, autocommit=True, connect_timeout=10) as connection:
        try:
            connection.execute(statement)
        except errors.DuplicateDatabase:
            return


def drop(server_url: str, name: str) -> None:
    """Drop a database, cutting whoever is still connected."""
    with psycopg.connect(server_url, autocommit=True, connect_timeout=10) as connection:
        connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
