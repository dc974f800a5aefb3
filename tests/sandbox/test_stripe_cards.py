"""Storing a card at the hosted page, and charging it later: each test card does what Stripe's documents say of it."""

from typing import Any

import pytest
import requests
import stripe

from tests.sandbox.account import ALWAYS_ASKS, GOOD, Account
from tests.support.sandbox import Sandbox, SandboxError

STORED = {
    GOOD: ("visa", None),
    "5555555555554444": ("mastercard", None),
    "4000002500003155": ("visa", None),
    ALWAYS_ASKS: ("visa", "authentication_required"),
    "4000003800000446": ("visa", None),
    "4000008260003178": ("visa", "insufficient_funds"),
    "4000000000003220": ("visa", "authentication_required"),
    "4000000000000341": ("visa", "generic_decline"),
}
"""Cards that can be stored: their brand, and the decline code of an off-session charge."""
REFUSED = {
    "4000000000000002": ("card_declined", "generic_decline"),
    "4000000000009995": ("card_declined", "insufficient_funds"),
    "4000000000009987": ("card_declined", "lost_card"),
    "4000000000009979": ("card_declined", "stolen_card"),
    "4000000000000069": ("expired_card", "expired_card"),
    "4000000000000127": ("incorrect_cvc", "incorrect_cvc"),
    "4000000000000119": ("processing_error", "processing_error"),
    "4000008400001629": ("card_declined", "generic_decline"),
    "6011000990139424": ("card_declined", "test_mode_live_card"),
}
"""Cards that no bank lets be stored: code and decline code."""
ASKING = {"4000002500003155", ALWAYS_ASKS, "4000008260003178", "4000000000003220"}


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return Account(sandbox)


@pytest.mark.parametrize("number", STORED)
def test_a_card_is_stored_and_charged_later(account: Account, number: str) -> None:
    brand, code = STORED[number]
    session = account.setup()
    page = account.sandbox.checkout(str(session.url), number)
    assert "Your card is saved" in page
    told = account.sdk.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent.payment_method"]})
    assert (told.status, told.payment_status, told.client_reference_id) == (
        "complete",
        "no_payment_required",
        "pm_ours",
    )
    method = told.setup_intent.payment_method  # type: ignore[union-attr]
    assert (method.customer, method.card.brand, method.card.last4) == (session.customer, brand, number[-4:])
    assert (method.card.exp_month, method.card.exp_year) == (12, 2040)
    if code is None:
        paid = account.charge(str(session.customer), method.id)
        assert (paid.status, paid.amount_received, paid.currency) == ("succeeded", 300, "gbp")
        assert account.sandbox.book()["stripe"]["totals"] == {"GBP": 300}
        return
    with pytest.raises(stripe.CardError) as refused:
        account.charge(str(session.customer), method.id)
    error = refused.value.error
    assert error is not None
    assert (refused.value.http_status, error.decline_code) == (402, code)
    assert error.payment_intent is not None
    assert account.sdk.payment_intents.retrieve(error.payment_intent.id).status == "requires_payment_method"
    assert account.sandbox.book()["stripe"]["payments"] == []


@pytest.mark.parametrize("number", REFUSED)
def test_a_refused_card_is_not_stored_and_another_may_be_tried(account: Account, number: str) -> None:
    session = account.setup()
    page = account.sandbox.checkout(str(session.url), number)
    assert "This card did not do" in page
    assert number not in page
    intent = account.sdk.setup_intents.retrieve(str(session.setup_intent))
    error = intent.last_setup_error
    assert error is not None
    assert (intent.status, intent.payment_method) == ("requires_payment_method", None)
    assert (error.code, error.decline_code) == REFUSED[number]
    assert "Your card is saved" in account.sandbox.checkout(str(session.url), GOOD)


@pytest.mark.parametrize("number", sorted(ASKING))
def test_a_failed_question_of_the_bank_stores_nothing(account: Account, number: str) -> None:
    session = account.setup()
    assert "could not make sure that it is you" in account.sandbox.checkout(str(session.url), number, "fail")
    intent = account.sdk.setup_intents.retrieve(str(session.setup_intent))
    assert intent.last_setup_error is not None
    assert intent.last_setup_error.code == "setup_intent_authentication_failure"
    assert "Your card is saved" in account.sandbox.checkout(str(session.url), number)


def test_what_is_typed_wrong_is_told_and_never_repeated(account: Account) -> None:
    url = str(account.setup().url)
    good = {"number": "4242 4242 4242 4242", "expiry": "12/40", "cvc": "123", "button": "use"}
    for name, typed, said in (
        ("number", "4242424242424241", "not a card number"),
        ("number", "４２４２424242424242", "not a card number"),
        ("number", "", "not a card number"),
        ("expiry", "13/40", "month and a year"),
        ("expiry", "01/20", "month and a year"),
        ("cvc", "12", "three or four digits"),
    ):
        answer = requests.post(url, data=good | {name: typed}, timeout=10)
        assert (answer.status_code, said in answer.text) == (422, True)
        assert "4242" not in answer.text.replace("4242 4242 4242 4242 is good", "")
    assert "Your card is saved" in requests.post(url, data=good, timeout=10).text


def test_the_number_is_kept_nowhere(account: Account) -> None:
    account.stored(ALWAYS_ASKS)
    kept = str(account.sandbox.log()) + str(account.sandbox.book())
    assert ALWAYS_ASKS not in kept


def test_an_ended_page_says_so_and_does_nothing_more(account: Account) -> None:
    done, ended = account.setup(), account.setup()
    account.sandbox.checkout(str(done.url), GOOD)
    assert 'href="http://shop.example/back?cs=' + done.id in requests.get(str(done.url), timeout=10).text
    account.sdk.checkout.sessions.expire(ended.id)
    answer = requests.get(str(ended.url), timeout=10)
    assert (answer.status_code, "has expired" in answer.text) == (410, True)
    assert 'href="http://shop.example/methods"' in answer.text
    assert "has expired" in account.sandbox.checkout(str(ended.url), GOOD)
    for wrong in ("cs_test_none", "%00", "x" * 300, "cus_1"):
        assert requests.get(f"{account.sandbox.url}/c/pay/{wrong}", timeout=10).status_code == 404
        assert requests.post(f"{account.sandbox.url}/c/pay/{wrong}", timeout=10).status_code == 404


def test_a_session_ends_by_itself(account: Account) -> None:
    session = account.setup()
    account.sandbox.advance(24 * 3600 - 5)
    assert account.sdk.checkout.sessions.retrieve(session.id).status == "open"
    account.sandbox.advance(5)
    assert account.sdk.checkout.sessions.retrieve(session.id).status == "expired"
    with pytest.raises(stripe.InvalidRequestError, match="status of expired"):
        account.sdk.checkout.sessions.expire(session.id)


def test_a_payment_at_the_page(account: Account) -> None:
    session = account.pay()
    assert "Its bank declined it" in account.sandbox.checkout(str(session.url), "4000000000000002")
    assert "could not make sure" in account.sandbox.checkout(str(session.url), "4000003800000446", "fail")
    assert "£3.00" in requests.get(str(session.url), timeout=10).text
    account.sandbox.checkout(str(session.url), "4000003800000446")
    told = account.sdk.checkout.sessions.retrieve(session.id, {"expand": ["payment_intent"]})
    intent = told.payment_intent
    assert (told.status, told.payment_status, told.amount_total) == ("complete", "paid", 300)
    assert (intent.status, intent.metadata["order_number"]) == ("succeeded", "SH1")  # type: ignore[union-attr, index]
    [booked] = account.sandbox.book()["stripe"]["payments"]
    assert (booked["order"], booked["amount"], booked["currency"]) == ("SH1", 300, "GBP")


def test_a_bank_changes_its_mind(account: Account) -> None:
    customer, method = account.stored()
    account.sandbox.bank(method, "stolen_card")
    with pytest.raises(stripe.CardError) as refused:
        account.charge(customer, method)
    assert (refused.value.code, refused.value.error.decline_code) == ("card_declined", "stolen_card")  # type: ignore[union-attr]
    account.sandbox.bank(method, "card")
    assert account.charge(customer, method).status == "succeeded"
    with pytest.raises(SandboxError, match="404"):
        account.sandbox.bank("pm_none", "ok")
    with pytest.raises(SandboxError, match="400"):
        account.sandbox.bank(method, "in a bad mood")


def test_a_card_that_was_taken_away_is_charged_no_more(account: Account) -> None:
    customer, method = account.stored()
    other = account.customer()
    with pytest.raises(stripe.InvalidRequestError, match="does not belong to the Customer"):
        account.charge(other, method)
    assert account.sdk.payment_methods.detach(method).customer is None
    with pytest.raises(stripe.InvalidRequestError, match="detached"):
        account.charge(customer, method)
    with pytest.raises(stripe.InvalidRequestError, match="not attached"):
        account.sdk.payment_methods.detach(method)
    assert account.sdk.payment_methods.retrieve(method).customer is None
    assert account.sandbox.book()["stripe"]["payments"] == []


def test_charges_are_found_by_their_customer_and_given_up(account: Account) -> None:
    customer, method = account.stored("4000000000000341")
    for number in range(3):
        with pytest.raises(stripe.CardError):
            account.charge(customer, method, metadata={"order_number": f"SH{number}"})
    found = account.sdk.payment_intents.list({"customer": customer, "limit": 2, "created": {"gte": 0}})
    assert [intent.metadata["order_number"] for intent in found.data] == ["SH2", "SH1"]
    assert found.has_more
    cancelled = account.sdk.payment_intents.cancel(found.data[0].id, {"cancellation_reason": "abandoned"})
    assert (cancelled.status, cancelled.cancellation_reason) == ("canceled", "abandoned")
    with pytest.raises(stripe.InvalidRequestError, match="status of canceled"):
        account.sdk.payment_intents.cancel(cancelled.id)


def test_a_charge_while_its_holder_is_there_may_lead_to_the_page_of_their_bank(account: Account) -> None:
    customer, method = account.stored(ALWAYS_ASKS)
    there: dict[str, Any] = {"off_session": None, "return_url": "http://shop.example/pay/1"}
    pages = []
    for _ in range(3):
        intent = account.charge(customer, method, **there)
        assert (intent.status, intent.amount_received) == ("requires_action", 0)
        pages.append(str(intent.next_action.redirect_to_url.url))  # type: ignore[union-attr]
        assert "is it you?" in requests.get(pages[-1], timeout=10).text
    good, bad, given_up = pages
    assert 'href="http://shop.example/pay/1"' in requests.post(good, data={"button": "complete"}, timeout=10).text
    assert "could not make sure" in requests.post(bad, data={"button": "fail"}, timeout=10).text
    account.sdk.payment_intents.cancel(given_up.rsplit("/", 1)[1])
    assert requests.post(given_up, data={"button": "complete"}, timeout=10).status_code == 410
    assert requests.post(bad, data={"button": "complete"}, timeout=10).status_code == 200
    assert [paid["amount"] for paid in account.sandbox.book()["stripe"]["payments"]] == [300]
    account.sandbox.bank(method, "insufficient_funds")
    with pytest.raises(stripe.CardError):
        account.charge(customer, method, **there)
    off_session = account.stored()
    intent = account.charge(*off_session)
    for wrong in (intent.id, "pi_none", "%00", "x" * 300):
        assert requests.get(f"{account.sandbox.url}/c/bank/{wrong}", timeout=10).status_code == 404
        assert requests.post(f"{account.sandbox.url}/c/bank/{wrong}", timeout=10).status_code == 404
