"""Notifications on the wire: the same one fifty times, forged ones, signed ones that are not for us or not right."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from portal.kit.db import db
from portal.ledger import balances
from portal.ledger.chart import SUSPENSE, Account
from tests.support.portal import Portal

FORGED = (
    *("bad_signature", "unknown_serial", "hex_serial", "signtest", "no_headers", "other_type", "wrong_key", "not_json"),
    *("tampered", "reserialised", "stale", "future"),
)
HEADERS = tuple(f"Wechatpay-{name}" for name in ("Timestamp", "Nonce", "Serial", "Signature"))
_UNGUARDED = text("ALTER TABLE payment_events DROP CONSTRAINT payment_events_provider_event_id_key")


def tell_at_once(portal: Portal, copies: int) -> str:
    """Pay and let all copies of the one notification arrive together; every one is taken."""
    public_id = portal.open_session()
    order = portal.order(public_id)
    portal.sandbox.pay(order, lose=True)
    assert portal.sandbox.notify(order, copies=copies) == [204] * copies
    return public_id


def is_one_event(portal: Portal) -> bool:
    return portal.count("payment_events") == portal.count("staged_jobs", "name = 'payments.apply_event'") == 1


def test_b1_the_same_notification_fifty_times_at_once_is_one_payment(
    portal_served: Portal, saw: Callable[[str], None]
) -> None:
    portal = portal_served
    public_id = tell_at_once(portal, 50)
    assert is_one_event(portal)
    portal.settle()
    assert portal.session(public_id).status == "paid"
    assert portal.money_postings() == ["payment_received"]
    assert len(portal.sandbox.outbox("ann@shop.example")) == 1
    saw("one notification 50 × at once: 50 × 204 at the first try, one event, one posting, one mail")


def test_b1_without_the_unique_constraint_the_race_is_lost_and_the_ledger_still_holds(
    portal_served: Portal,
) -> None:
    portal = portal_served
    portal.do(lambda: db.execute(_UNGUARDED))
    tell_at_once(portal, 10)
    assert not is_one_event(portal)
    portal.settle()
    assert portal.money_postings() == ["payment_received"]


def test_b2_many_notifications_of_one_payment_are_one_payment(
    portal_served: Portal, saw: Callable[[str], None]
) -> None:
    portal = portal_served
    public_id = portal.open_session()
    order = portal.order(public_id)
    portal.sandbox.pay(order, lose=True)
    assert portal.sandbox.notify(order, copies=50, fresh_ids=True) == [204] * 50
    portal.settle()
    assert portal.count("payment_events", "status = 'applied'") == 50
    assert portal.money_postings() == ["payment_received"]
    assert len(portal.sandbox.outbox("ann@shop.example")) == 1
    saw("50 notifications of one payment at once: 50 × 204 at the first try, 50 events, one posting, one mail")


def test_b7_b8_b9_what_proves_nothing_is_refused_and_changes_nothing(portal: Portal) -> None:
    public_id = portal.open_session()
    order = portal.order(public_id)
    asked = len(portal.sandbox.log()["requests"])
    answers = {variant: portal.sandbox.notify(order, variant) for variant in FORGED}
    answers |= {name: portal.sandbox.notify(order, "missing_header", header=name) for name in HEADERS}
    assert {variant for variant, statuses in answers.items() if statuses != [401]} == set()
    assert portal.count("payment_events") == 0
    assert portal.count("staged_jobs", "name = 'payments.apply_event'") == 0
    assert len(portal.sandbox.log()["requests"]) == asked
    assert portal.session(public_id).status == "open"


@pytest.mark.parametrize("variant", ["other_merchant", "other_appid", "empty", "unknown_order", "not_paid"])
def test_b10_signed_but_not_for_us_is_kept_apart_and_pays_nothing(
    portal: Portal, variant: str, saw: Callable[[str], None]
) -> None:
    public_id = portal.open_session()
    assert portal.sandbox.notify(portal.order(public_id), variant) == [204]
    portal.settle()
    assert portal.count("payment_events", "status = 'quarantined'") == 1
    assert portal.session(public_id).status == "open"
    assert portal.money_postings() == []
    saw(f"{variant}: 204, one event quarantined, no posting, the session still open")


@pytest.mark.parametrize(
    ("wish", "came"),
    [
        ({"amount": 4501}, (4501, "CNY")),
        ({"amount": 4499}, (4499, "CNY")),
        ({"currency": "JPY"}, (4500, "JPY")),
        ({"currency": "JPY", "amount": 45}, (45, "JPY")),
    ],
)
def test_b11_b12_another_amount_or_currency_waits_in_suspense(
    portal: Portal, wish: dict[str, object], came: tuple[int, str], saw: Callable[[str], None]
) -> None:
    public_id = portal.open_session()
    portal.sandbox.pay(portal.order(public_id), **wish)
    portal.sandbox.settle()
    portal.settle()
    assert portal.session(public_id).status == "review"
    assert portal.money_postings() == ["payment_in_suspense"]
    amount, currency = came
    assert portal.do(lambda: balances.balance(Account(SUSPENSE), currency)).amount == -amount
    assert portal.count("subscriptions", "status = 'active'") == 0
    assert "We are looking at this payment" in portal.visitor().get(f"/pay/{public_id}").text
    saw(f"{amount} {currency} instead of 4500 CNY: all of it in suspense, session in review, nothing active")
