"""The account's events: signed so that the SDK believes them, delivered, repeated, lost, each telling its moment."""

import json
import time
from typing import Any

import pytest
import stripe

from tests.sandbox.account import GOOD, Account
from tests.sandbox.conftest import Shop
from tests.support.sandbox import Sandbox


@pytest.fixture
def account(sandbox: Sandbox, shop: Shop) -> Account:
    sandbox.switch(stripe_webhook_url=shop.url)
    return Account(sandbox)


def told(account: Account, shop: Shop) -> list[dict[str, Any]]:
    """The events that came, each verified by the SDK."""
    account.sandbox.settle()
    for headers, body in shop.received:
        stripe.Webhook.construct_event(body, headers["Stripe-Signature"], account.secret)
        assert headers["Content-Type"] == "application/json"
    return [json.loads(body) for _, body in shop.received]


def test_storing_a_card_is_told_once_it_is_stored(account: Account, shop: Shop) -> None:
    session = account.setup()
    account.sandbox.checkout(str(session.url), "4000000000000002")
    account.sandbox.checkout(str(session.url), GOOD)
    events = {event["type"]: event for event in told(account, shop)}
    assert set(events) == {
        "setup_intent.setup_failed",
        "setup_intent.succeeded",
        "payment_method.attached",
        "checkout.session.completed",
    }
    completed = events["checkout.session.completed"]
    assert (completed["api_version"], completed["livemode"]) == (stripe.api_version, False)
    assert (completed["data"]["object"]["id"], completed["data"]["object"]["status"]) == (session.id, "complete")
    assert events["setup_intent.setup_failed"]["data"]["object"]["last_setup_error"]["code"] == "card_declined"
    account.sandbox.advance(2 * 24 * 3600)
    assert len(shop.received) == 4, "a session that is done does not expire"


def test_charging_and_taking_away_are_told(account: Account, shop: Shop) -> None:
    customer, method = account.stored()
    paid = account.charge(customer, method)
    account.sandbox.bank(method, "insufficient_funds")
    with pytest.raises(stripe.CardError):
        account.charge(customer, method)
    account.sdk.payment_methods.detach(method)
    events = {event["type"]: event["data"]["object"] for event in told(account, shop)}
    assert events["payment_intent.succeeded"]["id"] == paid.id
    assert events["payment_intent.payment_failed"]["last_payment_error"]["decline_code"] == "insufficient_funds"
    assert events["payment_method.detached"]["id"] == method


def test_an_end_is_told_when_it_comes(account: Account, shop: Shop) -> None:
    first, second = account.setup(), account.setup(expires_at=int(time.time()) + 2000)
    account.sdk.checkout.sessions.expire(first.id)
    assert [event["data"]["object"]["id"] for event in told(account, shop)] == [first.id]
    account.sandbox.advance(2000)
    ends = [event for event in told(account, shop) if event["type"] == "checkout.session.expired"]
    assert [(event["data"]["object"]["id"], event["data"]["object"]["status"]) for event in ends] == [
        (first.id, "expired"),
        (second.id, "expired"),
    ]


def test_what_is_not_taken_comes_again_for_three_days(account: Account, shop: Shop) -> None:
    shop.status = 500
    account.sdk.checkout.sessions.expire(account.setup().id)
    account.sandbox.advance(3 * 24 * 3600)
    events = told(account, shop)
    assert len(events) == 13
    assert len({event["id"] for event in events}) == 1


@pytest.mark.parametrize(("copies", "came"), [(0, 0), (3, 3)])
def test_events_get_lost_and_are_doubled(account: Account, shop: Shop, copies: int, came: int) -> None:
    account.sandbox.switch(stripe_copies=copies)
    account.sdk.checkout.sessions.expire(account.setup().id)
    events = told(account, shop)
    assert len(events) == came
    assert len({event["id"] for event in events}) == min(came, 1)


def test_without_an_endpoint_nobody_is_told(sandbox: Sandbox, shop: Shop) -> None:
    account = Account(sandbox)
    account.sdk.checkout.sessions.expire(account.setup().id)
    assert told(account, shop) == []
