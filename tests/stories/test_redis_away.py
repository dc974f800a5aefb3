"""A6: Redis is away. Paying, being told and asking go on, logging in is still slowed down, and /readyz says so."""

from urllib.parse import urlsplit, urlunsplit

from portal.kit import jobs
from tests.support.crash import soon, workers
from tests.support.cut_proxy import CutProxy
from tests.support.portal import Portal
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
    redis = urlsplit(portal.settings.redis_url)
    with CutProxy((str(redis.hostname), int(redis.port or 0))) as wire:
        through = redis._replace(netloc=redis.netloc.replace(f":{redis.port}", f":{wire.port}"))
        with workers(portal, REDIS_URL=urlunsplit(through)):
            before = portal.begin_session(email="before@shop.example")
            assert soon(lambda: portal.session(before).status == "open")
            wire.cut()
            away = portal.begin_session(email="away@shop.example")
            assert soon(lambda: portal.session(away).status == "open")
            wire.mend()
            after = portal.begin_session(email="after@shop.example")
            assert soon(lambda: portal.session(after).status == "open")
