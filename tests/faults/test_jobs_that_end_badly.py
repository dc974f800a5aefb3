"""Jobs that fail for good, workers told to end in the middle of one, and messages or rows replayed by somebody."""

import signal
from collections.abc import Callable
from datetime import timedelta

import pytest
import redis
import structlog
from sqlalchemy import text

from portal.insights import today
from portal.kit import edge, jobs, leases, wake
from portal.kit.db import db
from portal.kit.jobs import Queue
from portal.payments import inbox
from tests.support.crash import black_hole, soon, workers
from tests.support.cut_proxy import CutProxy
from tests.support.leases import end_leases
from tests.support.portal import Portal
from worker import drain, relay, wake_ups

_NO_SUCH_EVENT = "00000000-0000-0000-0000-000000000000"
_WAIT_NO_LONGER = text("UPDATE staged_jobs SET retry_at = NULL")
_REPLAY = text(
    "INSERT INTO staged_jobs (id, queue, name, args, state, due_at, attempts) "
    "SELECT gen_random_uuid(), queue, name, args, 'pending', due_at, 0 FROM staged_jobs WHERE state = 'done'"
)
_STATES = text("SELECT state, attempts FROM staged_jobs ORDER BY due_at")
_NOT_MEANWHILE = text("UPDATE staged_jobs SET due_at = due_at + interval '1 day' WHERE state = 'pending'")
"""A busy machine may take until a later look at the session is due."""
_FORGET_THE_DEAD = text("DELETE FROM staged_jobs WHERE state = 'dead'")


def poison() -> None:
    """Stage a job that can never succeed: the event it is about does not exist."""
    jobs.stage(inbox.APPLY_EVENT, queue=Queue.MONEY, due_at=edge.now(), key="poison", event_id=_NO_SUCH_EVENT)


def test_a10_a_poisoned_job_is_given_up_with_an_alarm_while_others_go_on(
    portal: Portal, saw: Callable[[str], None]
) -> None:
    portal.do(poison)
    served = 0
    with structlog.testing.capture_logs() as logs:
        while not portal.count("staged_jobs", "state = 'dead'"):
            portal.do(lambda: db.execute(_WAIT_NO_LONGER))
            if served < 3:
                assert portal.session(portal.open_session(email=f"{served}@shop.example")).status == "open"
                served += 1
            portal.settle()
    tries = [entry for entry in logs if entry["event"] == "job_failed"]
    alarms = [entry for entry in logs if entry["event"] == "job_given_up"]
    assert (len(tries), len(alarms)) == (leases.MAX_ATTEMPTS, 1)
    assert alarms[0]["log_level"] == "error"
    assert portal.do(today.waiting).dead_jobs == 1
    saw(f"given up after {len(tries)} tries with one alarm, seen on the operators' first page; {served} others served")
    portal.do(lambda: db.execute(_FORGET_THE_DEAD))


def test_a9_told_to_end_in_the_middle_of_a_call_it_finishes_that_job_and_begins_no_other(
    portal: Portal, saw: Callable[[str], None]
) -> None:
    first, second = (portal.begin_session(email=f"{number}@shop.example") for number in (1, 2))
    assert portal.settings.wechat_pay is not None
    base_url = portal.settings.wechat_pay.base_url
    with CutProxy.of(base_url) as wire:
        wire.delay(0.3)
        wire.watch(rb"POST /v3/pay")
        with workers(portal, WECHAT_PAY_BASE_URL=wire.through(base_url)) as running:
            assert soon(lambda: wire.seen > 0)
            assert running.stop() == 0
        calls = wire.seen
    states = [portal.session(public_id).status for public_id in (first, second)]
    begun = portal.count("staged_jobs", "name = 'payments.request_charge' AND state = 'done'")
    assert states.count("open") == begun == calls
    assert portal.count("staged_jobs", "state = 'leased'") == 0
    portal.settle()
    assert {portal.session(public_id).status for public_id in (first, second)} == {"open"}
    saw(f"SIGTERM during a call: {calls} of 2 called and recorded, none left leased, the rest done by the next worker")


def test_a9_a_call_that_does_not_end_in_time_is_made_again_under_its_number(portal: Portal) -> None:
    public_id = portal.begin_session()
    order = portal.order(public_id)
    with black_hole() as (address, server), workers(portal, WECHAT_PAY_BASE_URL=address) as running:
        held = server.accept()
        running.stop()
    held[0].close()
    assert portal.attempt(public_id).status == "submitted"
    portal.do(end_leases)
    relay.tick()
    portal.settle()
    assert (portal.order(public_id), portal.session(public_id).status) == (order, "open")


@pytest.mark.usefixtures("committing")
def test_a9_what_was_leased_and_not_begun_waits_as_if_nobody_had_taken_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drain, "stopping", Stopping(after=1))
    for seconds in (3, 2, 1):
        due_at = edge.write(edge.now) - timedelta(seconds=seconds)
        edge.write(lambda due_at=due_at: jobs.stage("none", queue=Queue.BULK, due_at=due_at))
    assert drain.drain("bulk") == 1
    found = edge.write(lambda: [tuple(row) for row in db.execute(_STATES)])
    assert found == [("pending", 1), ("pending", 0), ("pending", 0)]


class Stopping:
    """An event that is set once it was asked so often between jobs."""

    def __init__(self, after: int) -> None:
        self._left = after + 1

    def is_set(self) -> bool:
        self._left -= 1
        return self._left < 0


def test_g20_genuine_messages_replayed_without_a_due_row_do_nothing(portal: Portal, saw: Callable[[str], None]) -> None:
    public_id = portal.open_session()
    portal.sandbox.pay(portal.order(public_id))
    portal.sandbox.settle()
    portal.settle()
    portal.do(lambda: db.execute(_NOT_MEANWHILE))
    rows = portal.count("staged_jobs", "state = 'done'")
    shelf = redis.Redis.from_url(portal.settings.redis_url)
    wishes = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for queue in list(Queue) * 10:
        wake.waker(portal.settings.redis_url)([queue])
        wake_ups.listener(queue, shelf).work(burst=True, logging_level="CRITICAL")
        assert shelf.llen(f"rq:queue:{queue}") == 0
    for number, handler in wishes.items():
        signal.signal(number, handler)
    assert portal.count("staged_jobs", "state = 'done'") == rows
    assert portal.money_postings() == ["payment_received"]
    saw(f"{10 * len(Queue)} genuine wake-ups replayed: no job ran, one posting, as before")


def test_g20_replayed_rows_of_jobs_that_were_done_change_nothing(portal: Portal, saw: Callable[[str], None]) -> None:
    public_id = portal.open_session()
    portal.sandbox.pay(portal.order(public_id))
    portal.sandbox.settle()
    portal.settle()
    orders = [entry for entry in portal.sandbox.log()["requests"] if entry["endpoint"] == "native"]
    replayed = portal.count("staged_jobs", "state = 'done'")
    portal.do(lambda: db.execute(_REPLAY))
    portal.settle()
    assert portal.session(public_id).status == "paid"
    assert portal.money_postings() == ["payment_received"]
    assert len(portal.sandbox.outbox("ann@shop.example")) == 1
    assert [entry for entry in portal.sandbox.log()["requests"] if entry["endpoint"] == "native"] == orders
    saw(f"{replayed} rows of done jobs replayed: one posting, one mail, no further order")
