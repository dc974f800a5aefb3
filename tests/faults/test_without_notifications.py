"""Nobody tells us: the real scheduler and the real workers ask by themselves, soon enough and not too often."""

import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from tests.support import proving
from tests.support.crash import soon, workers
from tests.support.portal import Portal

Saw = Callable[[str], None]
STEPS = proving.times(12, 60)
STEP = timedelta(hours=1) / STEPS


def calls(portal: Portal, order: str) -> Counter[str]:
    """How often each endpoint of the provider was asked about an order."""
    found = portal.sandbox.log()["requests"]
    return Counter(entry["endpoint"] for entry in found if order in entry["path"] + entry["body"])


def test_b4_paid_and_never_told_it_is_known_within_ninety_seconds(portal: Portal, saw: Saw) -> None:
    with workers(portal):
        public_id = portal.begin_session()
        assert soon(lambda: portal.session(public_id).status == "open")
        portal.sandbox.pay(portal.order(public_id), lose=True)
        began = time.monotonic()
        assert soon(lambda: portal.session(public_id).status == "paid", seconds=90)
        took = time.monotonic() - began
    assert portal.count("payment_events") == 0
    assert portal.money_postings() == ["payment_received"]
    saw(f"no notification, real scheduler and workers: known after {took:.1f} s")


def test_b12_another_currency_found_by_asking_is_not_taken_for_payment(portal: Portal, saw: Saw) -> None:
    public_id = portal.open_session()
    portal.sandbox.pay(portal.order(public_id), lose=True, currency="JPY", amount=45)
    portal.pass_time(timedelta(seconds=12))
    assert portal.session(public_id).status == "review"
    assert portal.money_postings() == ["payment_in_suspense"]
    assert portal.count("subscriptions", "status = 'active'") == 0
    saw("¥45 of Japan found where 45.00 yuan were asked: in suspense, nothing paid")


def test_a11_an_hour_of_500_is_an_hour_of_unknown_and_few_calls(portal: Portal, saw: Saw) -> None:
    portal.sandbox.fault("http500", "*", count=1_000_000)
    public_id = portal.open_session()
    order = portal.order(public_id)
    for _ in range(STEPS - 1):
        portal.pass_time(STEP)
        assert portal.attempt(public_id).status == "unknown"
        assert portal.session(public_id).status == "created"
    asked = calls(portal, order)
    assert asked == {"native": 1, "query": 3}
    portal.sandbox.fault("none")
    portal.pass_time(timedelta(hours=2))
    assert portal.session(public_id).status == "expired"
    saw(f"an hour of 500: unknown all along, never failed; {sum(asked.values())} calls "
        "(creation, then after 5 s, 30 s and 5 min, each up to a tenth later)")  # fmt: skip


def test_a11_an_hour_of_500_while_a_code_is_out_is_few_calls_too(portal: Portal, saw: Saw) -> None:
    public_id = portal.open_session()
    order = portal.order(public_id)
    before = calls(portal, order)
    payer = portal.visitor()
    payer.get(f"/pay/{public_id}")
    portal.sandbox.fault("http500", "*", count=1_000_000)
    payer.post(f"/pay/{public_id}/extend")
    for _ in range(STEPS):
        portal.pass_time(STEP)
    asked = calls(portal, order) - before
    assert portal.session(public_id).status == "open"
    assert asked["native"] <= 16
    assert asked["query"] <= 16
    portal.sandbox.fault("none")
    portal.pass_time(timedelta(hours=2))
    saw(f"an hour of 500 with a code shown: still open; {asked['native']} renewals and {asked['query']} questions")
