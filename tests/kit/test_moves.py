"""Everything that has states: each pair of them is a move that its table allows, or is refused and changes nothing."""

from datetime import datetime, timedelta
from itertools import product
from typing import Any

import pytest
from sqlalchemy import inspect, text
from sqlalchemy.orm.exc import StaleDataError

from portal.billing import states as billing
from portal.billing.models import Subscription
from portal.invoicing import states as invoicing
from portal.invoicing.models import Invoice
from portal.kit import moves
from portal.kit.db import db as database
from portal.kit.moves import ForbiddenMove
from portal.payments import states as payments
from portal.payments.models import PaymentSession
from tests.support import shop
from tests.support.statements import counted

TABLES: dict[type, dict[str, set[str]]] = {
    **payments.MOVES,
    Subscription: billing.MOVES,
    Invoice: invoicing.MOVES,
}
MOVE: dict[type, Any] = {
    **dict.fromkeys(payments.MOVES, payments.move),
    Subscription: billing.move,
    Invoice: invoicing.move,
}
EVERY = [(kind, *pair) for kind, table in TABLES.items() for pair in product(table, repeat=2)]


@pytest.mark.parametrize(("kind", "state", "wanted"), EVERY, ids=lambda value: getattr(value, "__name__", value))
def test_every_move(kind: type, state: str, wanted: str) -> None:
    thing = kind(status=state)
    if wanted == state or wanted in TABLES[kind][state]:
        moves.check(thing, wanted, TABLES[kind])
    else:
        with pytest.raises(ForbiddenMove, match=f"{kind.__name__}: {state} -> {wanted}"):
            MOVE[kind](thing, wanted)
        assert thing.status == state


def test_every_move_leads_into_a_state_of_its_table() -> None:
    for table in TABLES.values():
        assert set().union(*table.values()) <= table.keys()


@pytest.fixture
def session(db: None) -> PaymentSession:
    customer = shop.make_customer(shop.make_business(shop.make_owner()))
    return shop.open_session(customer, shop.make_quote(customer))


def _stored(session: PaymentSession) -> tuple[str, str | None, datetime]:
    """What the row of a session says, past the object."""
    query = text("SELECT status, failure, expires_at FROM payment_sessions WHERE id = :id")
    status, failure, expires_at = database.execute(query, {"id": session.id}).one()
    return status, failure, expires_at


def test_a_move_is_written_at_once_with_its_facts_and_with_what_was_changed_before(session: PaymentSession) -> None:
    session.expires_at = later = session.expires_at + timedelta(minutes=5)
    payments.move(session, "failed", failure="why")
    assert not inspect(session).modified, "the mapper would write it again"
    assert _stored(session) == (session.status, session.failure, later) == ("failed", "why", later)


def test_a_thing_that_stays_where_it_is_takes_facts_as_well(session: PaymentSession) -> None:
    with counted() as statements:
        payments.move(session, "created")
    assert not statements
    payments.move(session, "created", failure="why")
    assert _stored(session)[:2] == ("created", "why")


def test_a_move_over_a_state_that_the_thing_no_longer_has_changes_nothing(session: PaymentSession) -> None:
    database.execute(text("UPDATE payment_sessions SET status = 'open' WHERE id = :id"), {"id": session.id})
    with pytest.raises(StaleDataError):
        payments.move(session, "failed", failure="why")
    assert _stored(session)[:2] == ("open", None)
    assert (session.status, session.failure) == ("created", None)
