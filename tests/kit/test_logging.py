"""What is written down of a database's error: enough to find it, and nothing that somebody typed."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text
from sqlalchemy.exc import StatementError

from portal.kit import edge, logging
from portal.kit.db import db
from tests.support.cut_proxy import CutProxy

EMAIL = "mei@lantern.example"
_STATEMENT = text("SELECT CAST(:email AS text) AS email, CAST(:typed AS text) AS typed")


@pytest.fixture
def wire(committing: None, fresh_database: str) -> Iterator[CutProxy]:
    """A wire between the product and its database."""
    with CutProxy.of(fresh_database) as wire:
        edge.connect(wire.through(fresh_database), pool_size=1, application="kit")
        yield wire


def refused(typed: str) -> StatementError:
    """The error of a statement that never got as far as the database's own words."""
    with pytest.raises(StatementError) as caught:
        db.execute(_STATEMENT, {"email": EMAIL, "typed": typed})
    edge.end()
    return caught.value


def written(error: BaseException) -> str:
    """All that reaches the log, and a job's row."""
    return f"{logging.told(error)}\n{logging._tell_error(None, '', {'exc_info': error})['exception']}"


def test_a_text_that_the_driver_refuses_is_not_repeated(wire: CutProxy) -> None:
    found = refused("a\0b")
    assert logging.told(found) == "DataError: PostgreSQL text fields cannot contain NUL (0x00) bytes"
    assert EMAIL not in written(found)
    assert EMAIL not in str(found), "whoever else tells of it has no parameters either"


def test_a_connection_cut_in_a_statement_is_told_without_what_was_asked(wire: CutProxy) -> None:
    wire.cut_before(EMAIL.encode())
    found = refused("typed")
    assert wire.was_cut.is_set()
    assert logging.told(found).startswith("OperationalError: ")
    assert "\n" not in logging.told(found)
    assert EMAIL not in written(found) + str(found)
    assert "SELECT" not in logging.told(found)
