"""Workers killed in the middle of a job: what they began is finished by the next, once, under the same order number."""

import time
from datetime import timedelta

import psycopg
import pytest
import redis
from sqlalchemy import text

from portal.kit import leases
from portal.kit.db import db
from tests.support import proving
from tests.support.crash import black_hole, soon, workers
from tests.support.evidence import Saw
from tests.support.leases import end_leases
from tests.support.portal import Portal
from tests.support.races import somebody_waits
from worker import relay

SILENT = {"mode": "timeout_after", "hold": 8}
_EARLIER = text(
    "UPDATE staged_jobs SET leased_until = leased_until - make_interval(secs => :seconds) WHERE state = 'leased'"
)

_ASK_LATER = text("UPDATE staged_jobs SET due_at = due_at + interval '1 hour' WHERE name = 'payments.look'")
"""The next look at an order, which would find the money before the dead worker's job is done over."""


def acted(portal: Portal, endpoint: str) -> bool:
    """Whether the provider did what it was asked at this endpoint while its answer is still held back."""
    found = portal.sandbox.log()["requests"]
    return any(entry["endpoint"] == endpoint and entry["verdict"] == "ok" and entry["fault"] for entry in found)


def orders_made(portal: Portal) -> list[str]:
    """The order numbers that the provider was told of, in order."""
    return [entry["order_no"] for entry in portal.sandbox.log()["requests"] if entry["endpoint"] == "native"]


def flush(portal: Portal) -> None:
    """Redis forgets every queue and every worker."""
    redis.Redis.from_url(portal.settings.redis_url).flushdb()


def sweep(portal: Portal) -> None:
    """What the scheduler does after a restart, once the dead worker's minute is over."""
    portal.do(end_leases)
    relay.tick()
    portal.settle()


def test_a1_killed_after_the_provider_made_the_order_which_is_then_paid(portal: Portal, saw: Saw) -> None:
    portal.sandbox.fault(**SILENT)
    public_id = portal.begin_session()
    with workers(portal) as first:
        assert soon(lambda: acted(portal, "native"))
        first.kill()
    order = portal.order(public_id)
    assert portal.attempt(public_id).status == "submitted"
    portal.sandbox.pay(order, lose=True)

    portal.do(end_leases)
    with workers(portal):
        assert soon(lambda: portal.attempt(public_id).status == "unknown")
        portal.advance(timedelta(seconds=6))
        assert soon(lambda: portal.session(public_id).status == "paid")
    assert portal.order(public_id) == order
    assert portal.money_postings() == ["payment_received"]
    assert len(portal.sandbox.book()["wechat_pay"]["payments"]) == 1
    saw("killed while the provider's answer was on its way: unknown, asked, paid under the same order number")


def test_a1_killed_after_the_provider_said_paid_and_before_our_commit(portal: Portal, saw: Saw) -> None:
    public_id = portal.open_session()
    portal.sandbox.pay(portal.order(public_id), lose=True)
    portal.sandbox.fault(endpoint="query", **SILENT)
    portal.advance(timedelta(seconds=11))
    with workers(portal) as first:
        assert soon(lambda: acted(portal, "query"))
        first.kill()
    assert portal.session(public_id).status == "open"
    sweep(portal)
    assert portal.session(public_id).status == "paid"
    assert portal.money_postings() == ["payment_received"]
    saw("killed between 'paid' and our commit: one posting after the restart")


def test_a2_killed_before_the_provider_heard_of_it(portal: Portal, saw: Saw) -> None:
    public_id = portal.begin_session()
    with black_hole() as (address, server), workers(portal, WECHAT_PAY_BASE_URL=address) as first:
        server.accept()
        first.kill()
    order = portal.order(public_id)
    assert portal.attempt(public_id).status == "submitted"
    assert orders_made(portal) == []
    sweep(portal)
    assert (portal.order(public_id), portal.attempt(public_id).status) == (order, "pending")
    assert orders_made(portal) == [order]
    saw("killed before the call arrived: one order, with the number committed before")


def test_a1_a7_a_killed_workers_job_is_done_again_within_two_minutes_by_whoever_comes_next(
    portal: Portal, saw: Saw
) -> None:
    public_id = portal.open_session()
    portal.sandbox.pay(portal.order(public_id))
    portal.sandbox.settle()
    portal.do(lambda: db.execute(_ASK_LATER))
    with (
        psycopg.connect(portal.settings.database_url) as holder,
        psycopg.connect(portal.settings.database_url, autocommit=True) as watcher,
    ):
        holder.execute("SELECT FROM subscriptions FOR UPDATE")
        with workers(portal) as first:
            assert somebody_waits(watcher)
            first.kill()
            killed = time.monotonic()
    assert portal.count("staged_jobs", "state = 'leased' AND name = 'payments.apply_event'") == 1
    relay.tick()
    portal.settle()
    assert portal.session(public_id).status == "open"  # the lease is the dead worker's until it ends
    over = proving.times(55, 0)  # seconds of the lease that a sample does not wait for
    portal.do(lambda: db.execute(_EARLIER, {"seconds": over}))
    with workers(portal):
        assert soon(lambda: portal.session(public_id).status == "paid", seconds=120)
    took = time.monotonic() - killed + over
    assert leases.LEASE.total_seconds() < took < 120
    assert portal.money_postings() == ["payment_received"]
    saw(f"killed in the middle of applying a payment: done over by the next worker within {took:.0f} s, one posting")


@pytest.mark.parametrize("moment", ["before", "while"])
def test_a5_redis_forgets_everything_between_commit_and_wake(portal: Portal, saw: Saw, moment: str) -> None:
    if moment == "before":
        public_id = portal.begin_session()
        flush(portal)
        with workers(portal):
            assert soon(lambda: portal.session(public_id).status == "open")
    else:
        with workers(portal):
            public_id = portal.begin_session()
            flush(portal)
            assert soon(lambda: portal.session(public_id).status == "open")
            portal.sandbox.pay(portal.order(public_id))
            flush(portal)
            assert soon(lambda: len(portal.sandbox.outbox("ann@shop.example")) > 0)
            assert soon(lambda: portal.count("staged_jobs", "state <> 'done' AND due_at <= business_now()") == 0)
    portal.settle()
    assert portal.count("staged_jobs", "attempts > 1") == 0
    fanned = portal.count("staged_jobs", "name = 'outbox.fan_out' AND state = 'done'")
    assert fanned == portal.count("domain_events")
    assert len(portal.sandbox.outbox("ann@shop.example")) == (moment == "while")
    saw(f"flushed {moment} workers ran: {fanned} events fanned out once each, no job tried twice")


@pytest.mark.parametrize("was_submitted", [False, True])
def test_workers_that_come_back_after_the_hour_ask_nobody_for_money(portal: Portal, was_submitted: bool) -> None:
    public_id = portal.begin_session()
    if was_submitted:
        with black_hole() as (address, server), workers(portal, WECHAT_PAY_BASE_URL=address) as first:
            server.accept()
            first.kill()
        portal.do(end_leases)
    portal.advance(timedelta(hours=2))
    relay.tick()
    portal.settle()
    assert orders_made(portal) == []
    assert (portal.session(public_id).status, portal.attempt(public_id).status) == ("expired", "closed")


def test_workers_that_come_back_after_a_day_end_what_the_provider_does_not_answer_about(portal: Portal) -> None:
    public_id = portal.open_session()
    portal.sandbox.fault("http500", "query", count=2)
    portal.pass_time(timedelta(hours=26))
    portal.pass_time(timedelta(minutes=2))
    assert (portal.session(public_id).status, portal.attempt(public_id).status) == ("expired", "closed")
