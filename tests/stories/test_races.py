"""Several tellers of the same money at once: webhook, poll, expiry and page; one effect each."""

from datetime import timedelta

import psycopg
import pytest
from sqlalchemy import text

from portal.kit.db import db
from tests.support.portal import Portal
from tests.support.races import at_once, beside, somebody_waits
from worker.drain import drain

LOOKS = text("UPDATE staged_jobs SET due_at = business_now() WHERE name = 'payments.look' AND state = 'pending'")

DRAINS = [lambda: drain("money", limit=1), lambda: drain("default", limit=1)]


def told_and_to_be_asked(portal: Portal) -> str:
    """Open a session, pay it, let the notification arrive; both its job and the next look are due."""
    public_id = portal.open_session()
    portal.sandbox.pay(portal.order(public_id))
    portal.sandbox.settle()
    portal.do(lambda: db.execute(LOOKS))
    return public_id


def test_b3_webhook_poll_and_page_together_are_one_payment_and_one_mail(portal: Portal) -> None:
    public_id = told_and_to_be_asked(portal)
    visitors = [portal.visitor() for _ in range(3)]
    pages = [lambda visitor=visitor: visitor.get(f"/pay/{public_id}/status").status_code for visitor in visitors]
    results = at_once(*pages, *DRAINS, *DRAINS)
    assert results[:3] == [200, 200, 200]
    portal.settle()
    assert portal.session(public_id).status == "paid"
    assert portal.money_postings() == ["payment_received"]
    assert len(portal.sandbox.outbox("ann@shop.example")) == 1


@pytest.mark.parametrize("is_told_first", [True, False])
def test_c3_the_expiry_job_races_the_webhook(portal: Portal, is_told_first: bool) -> None:
    public_id = portal.open_session()
    portal.advance(timedelta(minutes=59))  # a busy machine may take seconds from here to the payment
    portal.settle()
    if is_told_first:
        portal.sandbox.pay(portal.order(public_id))
        portal.sandbox.settle()
        portal.advance(timedelta(minutes=2))
    else:
        portal.advance(timedelta(minutes=2))
        portal.sandbox.pay(portal.order(public_id))
        portal.sandbox.settle()
    at_once(*DRAINS, *DRAINS)
    portal.settle()
    session = portal.session(public_id)
    assert session.status == "paid"
    assert (session.paid_late_at is None) == is_told_first
    assert portal.money_postings() == ["payment_received"]


@pytest.mark.parametrize("moment", ["look", "expiry"])
def test_who_waits_for_the_subscription_holds_no_session(portal: Portal, moment: str) -> None:
    public_id = portal.open_session()
    portal.sandbox.pay(portal.order(public_id), lose=True)
    portal.advance(timedelta(seconds=11) if moment == "look" else timedelta(minutes=61))
    with (
        psycopg.connect(portal.settings.database_url) as payer,
        psycopg.connect(portal.settings.database_url, autocommit=True) as watcher,
    ):
        payer.execute("SELECT FROM subscriptions FOR UPDATE")
        with beside(portal.settle):
            assert somebody_waits(watcher)
            payer.execute("SELECT FROM payment_sessions FOR UPDATE NOWAIT")
            payer.rollback()
    assert portal.session(public_id).status == "paid"


def test_c5_old_and_new_code_are_paid_at_the_same_moment(portal: Portal) -> None:
    first = portal.open_session()
    portal.pass_time(timedelta(minutes=61))
    second = portal.confirm_again(first)
    for public_id in (first, second):
        portal.sandbox.pay(portal.order(public_id), late=True)
    portal.sandbox.settle()
    at_once(*DRAINS, *DRAINS)
    portal.settle()
    assert sorted(portal.money_postings()) == ["payment_held", "payment_received"]
    assert {portal.session(public_id).status for public_id in (first, second)} == {"paid"}
    assert portal.count("payment_refunds") == 1
