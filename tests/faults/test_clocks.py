"""Clocks that are wrong by an hour, either way and in the middle of things: constraints guard, not the time."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from portal.currency import rates
from portal.kit import edge
from portal.kit.db import db
from portal.payments.models import PaymentSession
from tests.support import proving
from tests.support.portal import Portal
from tests.support.world import PER_EURO

_WRONG = (
    "CREATE OR REPLACE FUNCTION business_now() RETURNS timestamptz LANGUAGE sql STABLE AS "
    "$$ SELECT transaction_timestamp() + ahead + interval '{} minutes' FROM business_clock $$"
)
_RESTAGED = text("UPDATE staged_jobs SET state = 'pending', key = NULL, retry_at = NULL WHERE state = 'done'")
_SUBSCRIPTION = text("SELECT status, version, anchor_on, started_at FROM subscriptions")
ENDS = ("paid", "cancelled", "expired")


def clock_is_wrong(portal: Portal, minutes: int) -> None:
    """Let the database's clock, from which business time is read, be wrong by so many minutes."""
    portal.do(lambda: db.execute(text(_WRONG.format(minutes))))


def ended(portal: Portal, how: str) -> str:
    """Open a session and let it end; give its public id."""
    public_id = portal.open_session()
    if how == "paid":
        portal.sandbox.pay(portal.order(public_id))
        portal.sandbox.settle()
        portal.settle()
    elif how == "cancelled":
        owner = portal.visitor()
        owner.log_in("ann@shop.example")
        owner.get(f"/pay/{public_id}")
        owner.post(f"/pay/{public_id}/cancel")
        portal.settle()
    else:
        portal.pass_time(timedelta(minutes=61))
    return public_id


def facts(portal: Portal, public_id: str) -> tuple[object, ...]:
    session: PaymentSession = portal.session(public_id)
    numbers = portal.count("invoices", "number IS NOT NULL"), portal.count("payment_attempts")
    agreed = portal.do(lambda: [tuple(row) for row in db.execute(_SUBSCRIPTION)])
    return session.status, session.paid_at, session.ended_at, portal.money_postings(), numbers, agreed


@pytest.mark.parametrize("how", proving.sample(ENDS, 2, "clocks"))
def test_c6_an_hour_back_and_an_hour_ahead_nothing_reopens_and_nothing_is_billed_twice(
    portal: Portal, saw: Callable[[str], None], how: str
) -> None:
    public_id = ended(portal, how)
    before = facts(portal, public_id)
    for minutes in (-60, 60, 0):
        clock_is_wrong(portal, minutes)
        portal.do(lambda: db.execute(_RESTAGED))
        portal.settle()
        if how == "paid":
            assert portal.sandbox.notify(portal.order(public_id), fresh_ids=True) == [204]
            portal.settle()
        assert facts(portal, public_id) == before, f"{minutes} minutes off"
    saw(f"{how}: the clock an hour back, an hour ahead and right again, every job run once more: nothing moved")


def test_c6_a_code_shown_while_the_clock_falls_back_is_paid_once_and_in_time(portal: Portal) -> None:
    public_id = portal.open_session()
    clock_is_wrong(portal, -60)
    portal.sandbox.pay(portal.order(public_id))
    portal.sandbox.settle()
    portal.settle()
    session = portal.session(public_id)
    assert (session.status, session.paid_late_at) == ("paid", None)
    assert portal.money_postings() == ["payment_received"]
    clock_is_wrong(portal, 0)


@pytest.mark.parametrize(
    "night",
    proving.sample([datetime(2027, 3, 28, 0, 30, tzinfo=UTC), datetime(2027, 10, 31, 0, 30, tzinfo=UTC)], 1, "nights"),
)
def test_c6_in_the_night_when_the_clocks_change_an_hour_is_an_hour(
    portal: Portal, saw: Callable[[str], None], night: datetime
) -> None:
    """London, whose wall clocks go from 1:00 to 2:00 or from 2:00 to 1:00 half an hour after the code was shown."""
    portal.advance(night - portal.do(edge.now))
    portal.do(lambda: rates.store({night.date(): PER_EURO}, "test", edge.now()))
    public_id = portal.open_session()
    session = portal.session(public_id)
    assert session.expires_at - session.created_at == timedelta(hours=1)
    portal.pass_time(timedelta(minutes=45))
    assert portal.session(public_id).status == "open"
    portal.sandbox.pay(portal.order(public_id))
    portal.sandbox.settle()
    portal.settle()
    assert portal.session(public_id).paid_late_at is None
    assert portal.money_postings() == ["payment_received"]
    saw(f"the night to {night:%d %B %Y} in London: open for 60 minutes by any clock, paid in time, once")
