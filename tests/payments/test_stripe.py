"""The adapter of Stripe against the sandbox on the wire: each answer is definite, refused, or unknown and looked up."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
import requests

from portal.kit import clock
from portal.kit.config import Stripe as Keys
from portal.kit.money import Money
from portal.payments.providers.base import (
    Answer,
    ChargeOutcome,
    OrderState,
    Result,
    Setup,
    SetupOrder,
    SetupState,
    StoredCharge,
)
from portal.payments.providers.declines import outcome_of
from portal.payments.providers.stripe import Stripe
from tests.support.sandbox import Sandbox

GOOD, ALWAYS_ASKS, ATTACHES = "4242424242424242", "4000002760003184", "4000000000000341"
SUCCEEDED, SOFT, HARD, ASKED = ChargeOutcome


@pytest.fixture
def keys(sandbox: Sandbox) -> Keys:
    env = sandbox.product_env()
    return Keys(base_url=sandbox.url, secret_key=env["STRIPE_SECRET_KEY"], webhook_secret=env["STRIPE_WEBHOOK_SECRET"])


@pytest.fixture
def stripe(keys: Keys) -> Stripe:
    return Stripe(keys)


def order(**changes: Any) -> SetupOrder:
    given: dict[str, Any] = {
        "reference": "pm_1",
        "customer_reference": "cus_1",
        "customer": None,
        "name": "Lantern Coffee",
        "done_url": "http://shop.example/done",
        "cancel_url": "http://shop.example/methods",
        "expires_at": clock.wall() + timedelta(hours=1),
    }
    return SetupOrder(**given | changes)


def setup_of(answer: Answer) -> Setup:
    assert answer.result is Result.DONE, answer
    assert answer.setup is not None
    return answer.setup


def stored(stripe: Stripe, sandbox: Sandbox, number: str = GOOD, name: str = "SH1") -> StoredCharge:
    """Store a card; a charge of it."""
    opened = setup_of(stripe.begin_setup(order()))
    sandbox.checkout(str(opened.url), number)
    done = setup_of(stripe.query_setup(opened.setup))
    assert done.card is not None
    return StoredCharge(name, Money(300, "GBP"), "Directory listing", done.customer, done.card.method)


def test_a_card_is_stored(stripe: Stripe, sandbox: Sandbox) -> None:
    asked = order()
    opened = setup_of(stripe.begin_setup(asked))
    assert (opened.state, opened.reference, opened.card) == (SetupState.OPEN, "pm_1", None)
    assert setup_of(stripe.begin_setup(asked)) == opened, "asking again opens no second page"
    sandbox.checkout(str(opened.url), GOOD)
    done = setup_of(stripe.query_setup(opened.setup))
    card = done.card
    assert card is not None
    assert (done.state, done.url, done.customer) == (SetupState.DONE, None, opened.customer)
    assert (card.brand, card.last4, card.exp_month, card.exp_year) == ("visa", "4242", 12, 2040)
    second = setup_of(stripe.begin_setup(order(reference="pm_2", customer=done.customer)))
    assert second.customer == done.customer


def test_a_page_that_ended_stored_nothing(stripe: Stripe, sandbox: Sandbox) -> None:
    opened = setup_of(stripe.begin_setup(order()))
    sandbox.advance(3600)
    ended = setup_of(stripe.query_setup(opened.setup))
    assert (ended.state, ended.card, ended.url) == (SetupState.EXPIRED, None, None)


@pytest.mark.parametrize("endpoint", ["customers", "sessions"])
@pytest.mark.parametrize(
    ("mode", "more"),
    [("http500", {}), ("http429", {}), ("drop", {}), ("drop", {"after": True}), ("timeout_after", {"hold": 0.2})],
)
def test_a_page_that_nobody_knows_of_is_asked_for_again(
    stripe: Stripe, sandbox: Sandbox, endpoint: str, mode: str, more: dict[str, Any]
) -> None:
    sandbox.fault(mode, endpoint, provider="stripe", **more)
    asked = order()
    assert stripe.begin_setup(asked).result is Result.UNKNOWN
    assert setup_of(stripe.begin_setup(asked)).state is SetupState.OPEN


def test_a_request_that_cannot_be_right_is_refused(stripe: Stripe, keys: Keys) -> None:
    assert stripe.begin_setup(order(customer="cus_none")).result is Result.REFUSED
    assert stripe.query_setup("cs_none").result is Result.REFUSED
    assert Stripe(replace(keys, secret_key="sk_test_other")).begin_setup(order()).result is Result.REFUSED
    assert Stripe(replace(keys, base_url="http://127.0.0.1:9")).begin_setup(order()).result is Result.UNKNOWN


def test_an_answer_of_another_mode_is_not_believed(stripe: Stripe, keys: Keys, sandbox: Sandbox) -> None:
    charge = stored(stripe, sandbox)
    paid = stripe.charge_stored(charge)
    live = Stripe(replace(keys, secret_key="sk_live_1"))
    live._api = stripe._api  # what a live key can never be told is told to it here
    assert paid.evidence is not None
    since = clock.wall() - timedelta(minutes=1)
    assert live.query_charge(charge, since).result is Result.UNKNOWN
    assert live.begin_setup(order(reference="pm_9")).result is Result.UNKNOWN


def test_forgetting_a_card_is_forgetting_it_once_and_for_all(stripe: Stripe, sandbox: Sandbox) -> None:
    charge = stored(stripe, sandbox)
    assert [stripe.forget_method(charge.method).result for _ in range(2)] == [Result.DONE, Result.DONE]
    assert stripe.forget_method("pm_none").result is Result.DONE
    sandbox.fault("http500", "payment_methods", provider="stripe")
    assert stripe.forget_method(charge.method).result is Result.UNKNOWN
    answer = stripe.charge_stored(charge)
    assert (answer.result, answer.outcome, answer.evidence) == (Result.DONE, HARD, None)


@pytest.mark.parametrize(
    ("says", "outcome"),
    [
        ("card", SUCCEEDED),
        ("insufficient_funds", SOFT),
        ("generic_decline", SOFT),
        ("processing_error", SOFT),
        ("stolen_card", HARD),
        ("expired_card", HARD),
        ("invalid_account", HARD),
        ("authentication_required", ASKED),
    ],
)
def test_what_a_bank_says_is_understood(stripe: Stripe, sandbox: Sandbox, says: str, outcome: ChargeOutcome) -> None:
    charge, before = stored(stripe, sandbox), clock.wall()
    sandbox.bank(charge.method, says)
    answer = stripe.charge_stored(charge)
    assert (answer.result, answer.outcome) == (Result.DONE, outcome), answer
    looked = stripe.query_charge(charge, before)
    assert (looked.outcome, looked.state, looked.evidence) == (outcome, answer.state, answer.evidence)
    if outcome is SUCCEEDED:
        evidence = answer.evidence
        assert evidence is not None
        assert (evidence.order_number, evidence.amount, evidence.currency) == ("SH1", 300, "GBP")
        [booked] = sandbox.book()["stripe"]["payments"]
        assert (booked["transaction_id"], booked["order"]) == (evidence.transaction_id, "SH1")
    assert len(sandbox.book()["stripe"]["payments"]) == (outcome is SUCCEEDED)


@pytest.mark.parametrize("number", [ALWAYS_ASKS, ATTACHES])
def test_a_card_that_was_stored_may_still_be_refused(stripe: Stripe, sandbox: Sandbox, number: str) -> None:
    outcome = stripe.charge_stored(stored(stripe, sandbox, number)).outcome
    assert outcome is (ASKED if number == ALWAYS_ASKS else SOFT)


@pytest.mark.parametrize(
    ("mode", "more", "is_charged"),
    [
        ("http500", {}, False),
        ("http429", {}, False),
        ("drop", {}, False),
        ("drop", {"after": True}, True),
        ("timeout_after", {"hold": 0.2}, True),
        ("http500", {"after": True}, True),
    ],
)
def test_b14_b16_a_charge_that_nobody_knows_of_is_looked_for(
    stripe: Stripe, sandbox: Sandbox, mode: str, more: dict[str, Any], is_charged: bool, saw: Callable[[str], None]
) -> None:
    """Also where the key's memory is a 500, or has passed: what was charged is found by our own number."""
    charge, before = stored(stripe, sandbox), clock.wall()
    sandbox.fault(mode, "payment_intents", provider="stripe", **more)
    answer = stripe.charge_stored(charge)
    assert (answer.result, answer.outcome, answer.evidence) == (Result.UNKNOWN, None, None)
    sandbox.advance(24 * 3600 + 1)
    looked = stripe.query_charge(charge, before)
    assert looked.state is (OrderState.PAID if is_charged else OrderState.ABSENT)
    if not is_charged:
        assert stripe.charge_stored(charge).outcome is SUCCEEDED
    assert sandbox.book()["stripe"]["totals"] == {"GBP": 300}
    when = " after acting" if is_charged else ""
    saw(f"{mode}{when}: unknown, then {looked.state}; one charge in the provider's book")


def test_a_charge_that_waits_for_its_holder_is_known_and_given_up(stripe: Stripe, sandbox: Sandbox) -> None:
    before = clock.wall()
    charge = replace(stored(stripe, sandbox, ALWAYS_ASKS), return_url="http://shop.example/pay/1")
    answer = stripe.charge_stored(charge)
    assert (answer.outcome, answer.state, answer.is_decline) == (ASKED, OrderState.UNPAID, False)
    assert answer.code_url == stripe.query_charge(charge, before).code_url
    assert requests.get(str(answer.code_url), timeout=10).status_code == 200
    sandbox.fault("http500", "payment_intents", provider="stripe")
    assert stripe.close_charge(charge, before).result is Result.UNKNOWN
    assert [stripe.close_charge(charge, before).result for _ in range(2)] == [Result.DONE, Result.DONE]
    assert stripe.query_charge(charge, before).state is OrderState.CLOSED
    assert stripe.close_charge(replace(charge, order_number="SH9"), before).state is OrderState.ABSENT
    paid = replace(charge, order_number="SH2", return_url=None)
    sandbox.bank(charge.method, "ok")
    assert stripe.charge_stored(paid).outcome is SUCCEEDED
    assert stripe.close_charge(paid, before).result is Result.REFUSED


def test_the_same_number_with_another_amount_is_no_second_charge(stripe: Stripe, sandbox: Sandbox) -> None:
    charge = stored(stripe, sandbox)
    first = stripe.charge_stored(charge)
    assert stripe.charge_stored(charge).evidence == first.evidence
    assert stripe.charge_stored(replace(charge, money=Money(301, "GBP"))).result is Result.UNKNOWN
    assert stripe.charge_stored(replace(charge, order_number="SH2", money=Money(29, "GBP"))).result is Result.REFUSED
    assert stripe.charge_stored(replace(charge, order_number="SH3", customer="cus_none")).result is Result.REFUSED
    assert sandbox.book()["stripe"]["totals"] == {"GBP": 300}


@pytest.mark.parametrize(
    ("code", "advice", "outcome"),
    [
        (None, None, SOFT),
        ("generic_decline", None, SOFT),
        ("insufficient_funds", None, SOFT),
        ("try_again_later", None, SOFT),
        ("do_not_honor", None, SOFT),
        ("a code of next year", None, SOFT),
        ("generic_decline", "do_not_try_again", HARD),
        ("generic_decline", "try_again_later", SOFT),
        ("lost_card", None, HARD),
        ("stolen_card", None, HARD),
        ("expired_card", None, HARD),
        ("invalid_account", None, HARD),
        ("revocation_of_authorization", None, HARD),
        ("authentication_required", None, ASKED),
        ("authentication_required", "do_not_try_again", ASKED),
    ],
)
def test_a_decline_code_says_what_to_do_next(code: str | None, advice: str | None, outcome: ChargeOutcome) -> None:
    assert outcome_of(code, advice) is outcome
