"""A6: Redis is away. Paying, being told and asking go on, logging in is still slowed down, and /readyz says so."""

import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from portal.kit import jobs, wake
from portal.payments.queries import refunds_of
from tests.support.crash import soon, workers
from tests.support.cut_proxy import CutProxy
from tests.support.portal import Portal
from tests.support.servers import OwnRedis
from worker import relay


def test_a6_pay_and_webhook_work_while_the_scheduler_runs_the_jobs(portal_without_redis: Portal) -> None:
    portal = portal_without_redis
    public_id = portal.begin_session()
    relay.tick()
    assert portal.session(public_id).status == "open"

    portal.sandbox.pay(portal.order(public_id))
    portal.sandbox.settle()
    assert {delivery["status"] for delivery in portal.sandbox.log()["deliveries"]} == {204}
    relay.tick()
    assert portal.session(public_id).status == "paid"
    relay.tick()
    assert len(portal.sandbox.outbox("ann@shop.example")) == 1


def test_a6_a_refund_is_booked_without_redis(portal_without_redis: Portal, saw: Callable[[str], None]) -> None:
    portal = portal_without_redis
    first = portal.open_session()
    portal.pass_time(timedelta(minutes=61))
    second = portal.confirm_again(first)
    for public_id in (first, second):
        portal.sandbox.pay(portal.order(public_id), late=True)
        portal.sandbox.settle()
        relay.tick()
    held = portal.session(second)
    refund = portal.do(lambda: refunds_of(held.id)[0])
    assert (refund.status, refund.reason) == ("requested", "paid_twice")
    assert portal.money_postings() == ["payment_received", "payment_held"]
    saw("without Redis: two payments booked, the second held and its refund requested")


def test_a6_a_redis_that_hangs_slows_a_page_once_and_loses_nothing(portal: Portal, saw: Callable[[str], None]) -> None:
    with CutProxy.of(portal.settings.redis_url) as wire:
        wire.delay(30)
        jobs.wake_with(wake.waker(wire.through(portal.settings.redis_url)))
        began = time.monotonic()
        public_id = portal.begin_session()
        first = time.monotonic() - began
        began = time.monotonic()
        for _ in range(5):
            jobs.wake(["interactive"])
        rest = time.monotonic() - began
    jobs.wake_with(lambda queues: None)
    assert first < 5
    assert rest < 0.5, "once is enough to learn that it hangs"
    portal.settle()
    assert portal.session(public_id).status == "open"
    saw(f"hanging Redis: {first:.1f} s for the first who rings, {rest * 1000:.0f} ms for the next five, nothing lost")


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[OwnRedis]:
    (tmp_path / "redis").mkdir()
    server = OwnRedis(tmp_path / "redis")
    yield server
    server.stop()


def test_a5_redis_is_killed_and_comes_back_and_every_event_is_fanned_out_once(
    portal: Portal, own_redis: OwnRedis, saw: Callable[[str], None]
) -> None:
    with workers(portal, REDIS_URL=own_redis.url):
        before = portal.begin_session(email="before@shop.example")
        own_redis.kill()
        meanwhile = portal.begin_session(email="meanwhile@shop.example")
        began = time.monotonic()
        assert soon(lambda: {portal.session(one).status for one in (before, meanwhile)} == {"open"})
        own_redis.start()
        portal.sandbox.pay(portal.order(before))
        assert soon(lambda: len(portal.sandbox.outbox("before@shop.example")) > 0, seconds=60)
        took = time.monotonic() - began
    portal.settle()
    fanned = portal.count("staged_jobs", "name = 'outbox.fan_out' AND state = 'done'")
    assert fanned == portal.count("domain_events")
    assert len(portal.sandbox.outbox("before@shop.example")) == 1
    assert took < 60
    saw(f"Redis killed and started again: {fanned} events fanned out once each, all within {took:.0f} s")


def test_a6_readyz_says_degraded_and_stays_ready(portal_without_redis: Portal) -> None:
    portal = portal_without_redis
    assert portal.visitor().get("/readyz").status_code == 503
    relay.tick()
    answer = portal.visitor().get("/readyz")
    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert portal.visitor().get("/healthz").status_code == 200


def test_a6_pages_work_and_guessing_passwords_is_limited_in_memory(portal_without_redis: Portal) -> None:
    portal = portal_without_redis
    public_id = portal.begin_session()
    owner = portal.visitor()
    assert owner.log_in("ann@shop.example").status_code == 303
    assert owner.get(f"/pay/{public_id}").status_code == 200
    guesser = portal.visitor()
    guesser.get("/login")
    statuses = [
        guesser.post("/login", email=f"{number}@x.example", password="guess").status_code for number in range(31)
    ]
    assert set(statuses) == {422, 429}
    assert statuses[-1] == 429


def test_a6_real_workers_live_through_it(portal_without_redis: Portal) -> None:
    portal = portal_without_redis
    with workers(portal):
        public_id = portal.begin_session()
        assert soon(lambda: portal.session(public_id).status == "open")
    assert portal.count("staged_jobs", "state = 'dead'") == 0
    jobs.wake(["interactive"])  # telling a Redis that is not there is no error


def test_a6_real_workers_live_through_its_going_and_coming_back(portal: Portal) -> None:
    with (
        CutProxy.of(portal.settings.redis_url) as wire,
        workers(portal, REDIS_URL=wire.through(portal.settings.redis_url)),
    ):
        before = portal.begin_session(email="before@shop.example")
        assert soon(lambda: portal.session(before).status == "open")
        wire.cut()
        away = portal.begin_session(email="away@shop.example")
        assert soon(lambda: portal.session(away).status == "open")
        wire.mend()
        after = portal.begin_session(email="after@shop.example")
        assert soon(lambda: portal.session(after).status == "open")
