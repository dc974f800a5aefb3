"""What a command says where it cannot go on: a sentence and exit code 1.

A traceback is the answer to our own mistakes only, never to a wrong setting, a refusal or a server that is away.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import click
import psycopg
from sqlalchemy.exc import DBAPIError

from portal.cli.databases import DatabaseError
from portal.cli.postgres import PostgresError
from portal.cli.supervisor import StartError
from portal.cli.valkey import ValkeyError
from portal.kit.config import ConfigError
from portal.kit.errors import DomainError

EXPECTED = (ConfigError, StartError, PostgresError, ValkeyError, DatabaseError)
_UNPREPARED = {"42P01", "42703", "42883"}
"""States of an unknown table, column or function: the database is not of this release."""


@contextmanager
def plain_errors() -> Iterator[None]:
    """Turn the errors that a person can mend into a message and exit code 1."""
    try:
        yield
    except EXPECTED as error:
        _give_up(str(error))
    except DomainError as refused:
        _give_up(refused.message % refused.params)
    except DBAPIError as error:
        _from_database(error, error.orig)
    except psycopg.Error as error:
        _from_database(error, error)


def _from_database(error: Exception, cause: BaseException | None) -> None:
    """Tell what a person can mend of a database; its other complaints are our mistakes."""
    said, state = str(cause).partition("\n")[0], getattr(cause, "sqlstate", None)
    if isinstance(cause, psycopg.OperationalError):
        _give_up(f"The database does not serve us: {said}. What was not finished was not kept.")
    if state in _UNPREPARED:
        _give_up(f"The database is not of this release; `portal migrate` brings it there. It says: {said}.")
    raise error


def _give_up(said: str) -> NoReturn:
    click.secho(said, fg="red", err=True)
    sys.exit(1)
