"""A provider that stalls: nothing is held open meanwhile, everybody else is served, no call is made twice blindly."""

import math
import time
from collections.abc import Callable
from dataclasses import replace

import psycopg
from sqlalchemy import text

from portal.kit import leases
from portal.kit.db import db
from portal.payments.providers import registry, wechat_pay
from tests.support import proving
from tests.support.crash import soon, workers
from tests.support.cut_proxy import CutProxy
from tests.support.portal import Portal
from worker import main, runner

_LONGEST_OPEN = (
    "SELECT coalesce(extract(epoch FROM max(clock_timestamp() - xact_start)), 0)::float FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'"
)
_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
_ASK_LATER = text("UPDATE staged_jobs SET due_at = due_at + interval '10 minutes' WHERE name = 'payments.look'")
"""So that a payment can only be known by its notification."""
_LANES = main._ROLES.count("interactive")
_PROCESSES = len(main._ROLES) + 1
_WEB_POOL, _WORKER_POOL = 12, 2
_PAGES_A_MINUTE = 100
"""Fewer than one visitor is given before being told to slow down."""


def stalled_calls(portal: Portal) -> int:
    """How many requests for a code the provider holds or held back."""
    return sum(entry["endpoint"] == "native" and bool(entry["fault"]) for entry in portal.sandbox.log()["requests"])


def test_a16_while_a_provider_stalls_nothing_is_held_and_everybody_else_is_served(
    portal: Portal, saw: Callable[[str], None]
) -> None:
    paid = portal.open_session(email="paid@shop.example")
    portal.sandbox.fault("timeout_after", hold=wechat_pay.SECONDS - 2)
    with workers(portal), psycopg.connect(portal.settings.database_url, autocommit=True) as watcher:
        stalled = portal.begin_session()
        assert soon(lambda: stalled_calls(portal) == 1)
        open_for, pages = [], []
        portal.sandbox.pay(portal.order(paid))
        visitor = portal.visitor()
        while portal.attempt(stalled).status == "submitted" and len(pages) < 200:
            open_for.append(float(watcher.execute(_LONGEST_OPEN).fetchone()[0]))  # type: ignore[index]
            pages.append(visitor.get(f"/pay/{stalled}").status_code)
            if portal.session(paid).status == "paid" and len(pages) > 20:
                break
        assert portal.attempt(stalled).status == "submitted", "it answered too early to be a stall"
        assert portal.session(paid).status == "paid"
        connections = watcher.execute(_CONNECTIONS).fetchone()[0]  # type: ignore[index]
    assert set(pages) == {200}
    assert max(open_for) < 2
    saw(f"call held back: longest open transaction {max(open_for):.2f} s, {connections} connections, "
        f"{len(pages)} pages × 200, another's payment booked meanwhile")  # fmt: skip


def stall_every_worker(portal: Portal) -> dict[str, float]:
    """Have each worker of the queue make a call that is held back; gives since when, by the session waiting for it."""
    began = {}
    for number in range(_LANES):
        public_id = portal.begin_session(email=f"stalled{number}@shop.example")
        began[public_id] = time.monotonic()
        assert soon(lambda: stalled_calls(portal) == len(began))
    return began


def test_a16_while_calls_of_all_workers_stall_nothing_is_held_and_each_ends_as_unknown(
    portal: Portal, saw: Callable[[str], None]
) -> None:
    hold = proving.times(25, 60)
    paid = portal.open_session(email="paid@shop.example")
    portal.do(lambda: db.execute(_ASK_LATER))
    portal.sandbox.fault("timeout_after", hold=hold, count=_LANES)
    ended: dict[str, float] = {}
    booked_after = math.inf
    open_for: list[float] = []
    connections: list[int] = []
    pages: list[int] = []
    with workers(portal), psycopg.connect(portal.settings.database_url, autocommit=True) as watcher:
        began = stall_every_worker(portal)
        portal.sandbox.pay(portal.order(paid))
        paid_at, visitor = time.monotonic(), portal.visitor()
        while len(ended) < _LANES and time.monotonic() - max(began.values()) < hold:
            open_for.append(float(watcher.execute(_LONGEST_OPEN).fetchone()[0]))  # type: ignore[index]
            connections.append(int(watcher.execute(_CONNECTIONS).fetchone()[0]))  # type: ignore[index]
            if len(pages) < _PAGES_A_MINUTE:
                pages.append(visitor.get(f"/pay/{paid}").status_code)
            if booked_after == math.inf and portal.session(paid).status == "paid":
                booked_after = time.monotonic() - paid_at
                assert not ended, "all calls are still held back"
            for public_id in began.keys() - ended.keys():
                status = portal.attempt(public_id).status
                if status != "submitted":
                    assert status == "unknown"
                    ended[public_id] = time.monotonic() - began[public_id]
    assert booked_after < 5, "money that has come in waits for nobody's call"
    assert ended.keys() == began.keys()
    assert max(ended.values()) < wechat_pay.SECONDS + 5 <= hold
    assert set(pages) == {200}
    assert max(open_for) < 2
    assert max(connections) <= _WEB_POOL + _PROCESSES * _WORKER_POOL
    saw(f"{_LANES} calls held back {hold} s, one by each worker: another's payment booked after {booked_after:.1f} s, "
        f"each unknown after {max(ended.values()):.1f} s, "
        f"longest open transaction {max(open_for):.2f} s, at most {max(connections)} connections, "
        f"{len(pages)} pages × 200")  # fmt: skip


def test_a16_an_answer_that_drips_in_is_waited_for_only_so_long_and_is_unknown(
    portal: Portal, monkeypatch: object, saw: Callable[[str], None]
) -> None:
    keys = portal.settings.wechat_pay
    assert keys is not None
    public_id = portal.begin_session()
    with CutProxy.of(portal.sandbox.url) as wire:
        wire.slice(1)
        wire.delay(0.05)
        registry.configure(replace(portal.settings, wechat_pay=replace(keys, base_url=wire.through(keys.base_url))))
        began = time.monotonic()
        monkeypatch.setattr(wechat_pay, "SECONDS", 1.0)  # type: ignore[attr-defined]
        portal.settle()
        took = time.monotonic() - began
    registry.configure(portal.settings)
    assert portal.attempt(public_id).status == "unknown"
    assert took < 20
    assert len(portal.sandbox.log(portal.order(public_id))["requests"]) == 1
    saw(f"a byte each 50 ms: given up after 1 s as unknown, asked for by its number later; {took:.1f} s in all")


def test_a_call_ends_well_before_the_lease_of_its_job() -> None:
    connect, read = wechat_pay._WAITS
    assert max(connect, read) < wechat_pay.SECONDS < runner.SEND_SECONDS
    assert leases.LEASE.total_seconds() > runner.SEND_SECONDS + 10, "what came back must still be recorded"
