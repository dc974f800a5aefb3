"""Who asks, how, and with which parameters: whatever the SDK's own tables do not know is refused."""

import base64
from typing import Any

import pytest
import requests
import stripe
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.sandbox.account import RETURN, Account
from tests.support.sandbox import Sandbox

many = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
SETUP = f"mode=setup&customer=CUSTOMER&currency=gbp&success_url={RETURN.split('?')[0]}"
PRICE = "line_items[0][price_data]"
PAYMENT = (
    f"mode=payment&success_url=http://a.example&{PRICE}[currency]=gbp&{PRICE}[unit_amount]=300"
    f"&{PRICE}[product_data][name]=x&line_items[0][quantity]=1"
)
CHARGE = "amount=300&currency=gbp&customer=CUSTOMER&payment_method=METHOD&off_session=true&confirm=true"
REFUSED: list[tuple[str, str, str | None, str]] = [
    # path, form, code, parameter
    ("checkout/sessions", SETUP + "&colour=red", "parameter_unknown", "colour"),
    ("checkout/sessions", SETUP + "&payment_method_types[0]=card", "parameter_unknown", "payment_method_types"),
    ("checkout/sessions", SETUP + "&setup_intent_data[colour]=x", "parameter_unknown", "setup_intent_data[colour]"),
    ("checkout/sessions", SETUP + "&api_key=x", "parameter_unknown", "api_key"),
    ("checkout/sessions", SETUP + "&locale=zh", "sandbox_not_honoured", "locale"),
    ("checkout/sessions", SETUP.replace("setup", "subscription"), "sandbox_not_honoured", "mode"),
    ("checkout/sessions", SETUP.replace("setup", "gift"), None, "mode"),
    ("checkout/sessions", SETUP.replace("mode=setup&", ""), "parameter_missing", "mode"),
    ("checkout/sessions", SETUP.replace("customer=CUSTOMER&", ""), "parameter_missing", "customer"),
    ("checkout/sessions", SETUP.replace("currency=gbp&", ""), "parameter_missing", "currency"),
    ("checkout/sessions", SETUP.split("&success_url")[0], "parameter_missing", "success_url"),
    ("checkout/sessions", SETUP.replace("CUSTOMER", "cus_none"), "resource_missing", "customer"),
    ("checkout/sessions", SETUP.replace("CUSTOMER", ""), "parameter_invalid_empty", "customer"),
    ("checkout/sessions", SETUP + "&expires_at=soon", "parameter_invalid_integer", "expires_at"),
    ("checkout/sessions", SETUP + "&expires_at=１", "parameter_invalid_integer", "expires_at"),
    ("checkout/sessions", SETUP + "&expires_at=1", None, "expires_at"),
    ("checkout/sessions", SETUP + "&ui_mode=elements", "sandbox_not_honoured", "ui_mode"),
    ("checkout/sessions", SETUP + "&ui_mode=hosted", None, "ui_mode"),
    ("checkout/sessions", SETUP + "&metadata=x", None, "metadata"),
    ("checkout/sessions", SETUP + "&metadata[a][b]=x", None, "metadata[a]"),
    ("checkout/sessions", SETUP + "&customer[a]=x", None, ""),
    ("checkout/sessions", SETUP + "&mode=setup", None, ""),
    ("checkout/sessions", SETUP + "&a[[=x", None, ""),
    ("checkout/sessions", SETUP + "&line_items[0][quantity]=1", None, "line_items"),
    ("checkout/sessions", PAYMENT.replace("line_items[0]", "line_items[1]"), None, "line_items"),
    ("checkout/sessions", PAYMENT.replace("=300", "=29"), "amount_too_small", "amount"),
    ("checkout/sessions", PAYMENT.replace("=300", "=3.5"), "parameter_invalid_integer", f"{PRICE}[unit_amount]"),
    ("checkout/sessions", PAYMENT.replace("=gbp", "=xyz"), None, f"{PRICE}[currency]"),
    ("customers", "name=x&colour=red", "parameter_unknown", "colour"),
    ("customers", "phone=1", "sandbox_not_honoured", "phone"),
    ("customers", "email=", "parameter_invalid_empty", "email"),
    ("customers", "name=" + "x" * 5001, "parameter_invalid_string_too_long", "name"),
    ("payment_intents", CHARGE.replace("amount=300&", ""), "parameter_missing", "amount"),
    ("payment_intents", CHARGE.replace("=300", "=29"), "amount_too_small", "amount"),
    ("payment_intents", CHARGE.replace("=300", "=-300"), "amount_too_small", "amount"),
    ("payment_intents", CHARGE.replace("=300", "=3e2"), "parameter_invalid_integer", "amount"),
    ("payment_intents", CHARGE.replace("gbp", "GBP"), None, "currency"),
    ("payment_intents", CHARGE.replace("confirm=true", "confirm=yes"), None, "confirm"),
    ("payment_intents", CHARGE.replace("&confirm=true", ""), "sandbox_not_honoured", "confirm"),
    (
        "payment_intents",
        CHARGE.replace("off_session=true", "off_session=one_off"),
        "sandbox_not_honoured",
        "off_session",
    ),
    ("payment_intents", CHARGE.replace("&off_session=true", ""), "sandbox_not_honoured", "off_session"),
    ("payment_intents", CHARGE + "&return_url=http://a.example", "sandbox_not_honoured", "off_session"),
    ("payment_intents", CHARGE.replace("METHOD", "pm_none"), "resource_missing", "payment_method"),
    ("payment_intents", CHARGE.replace("CUSTOMER", "cus_none"), "resource_missing", "customer"),
    ("payment_intents", CHARGE + "&capture_method=manual", "sandbox_not_honoured", "capture_method"),
    ("payment_methods/pm_none/detach", "", "resource_missing", "payment_method"),
    ("checkout/sessions/cs_none/expire", "", "resource_missing", "session"),
]


@pytest.fixture
def account(sandbox: Sandbox) -> Account:
    return Account(sandbox)


def encoded(form: str) -> bytes:
    """A form as it is sent: what is no ASCII by its bytes."""
    return (
        requests.models.RequestEncodingMixin._encode_params(form).encode()
        if form.isascii()
        else (
            "&".join(
                f"{name}={requests.utils.quote(value)}" for name, value in (p.split("=", 1) for p in form.split("&"))
            )
        ).encode()
    )


def test_what_is_not_right_is_refused_by_its_name(account: Account) -> None:
    customer, method = account.stored()
    wrong: dict[str, Any] = {}
    for path, form, code, param in REFUSED:
        body = form.replace("CUSTOMER", customer, 1).replace("METHOD", method)
        answer = account.send(path, encoded(body))
        error = answer.json()["error"]
        said = (answer.status_code in (400, 404), error.get("code"), error.get("param", ""))
        if said != (True, code, param):
            wrong[path, form] = (answer.status_code, error)
    assert wrong == {}
    for path, form in (("checkout/sessions", SETUP), ("checkout/sessions", PAYMENT), ("payment_intents", CHARGE)):
        good = form.replace("CUSTOMER", customer).replace("METHOD", method)
        assert account.send(path, good.encode()).status_code == 200, "each is one change away from what passes"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Authorization": None}, 401),
        ({"Authorization": "Bearer sk_test_wrong"}, 401),
        ({"Authorization": "Bearer "}, 401),
        ({"Authorization": "Basic %%%"}, 401),
        ({"Authorization": "Bearer \xfc"}, 401),
        ({"Stripe_Version": None}, 400),
        ({"Stripe_Version": "2020-08-27"}, 400),
        ({"Content_Type": "application/json"}, 400),
        ({"Idempotency_Key": "k" * 256}, 400),
        ({}, 200),
    ],
)
def test_who_asks_is_looked_at(account: Account, headers: dict[str, str | None], status: int) -> None:
    answer = account.send("customers", b"name=x", **headers)
    assert answer.status_code == status
    assert answer.headers["Request-Id"].startswith("req_")
    assert account.key not in answer.text


def test_the_key_may_come_as_a_user(account: Account) -> None:
    basic = base64.b64encode(f"{account.key}:".encode()).decode()
    assert account.send("customers", b"", Authorization=f"Basic {basic}").status_code == 200


def test_unknown_addresses_and_objects_are_404_in_stripe_s_words(account: Account) -> None:
    for path in ("nothing", "charges", "customers/cus_none", "payment_intents/%00", "checkout/sessions/pi_1"):
        answer = account.send(path, None, "GET")
        assert (answer.status_code, answer.json()["error"]["type"]) == (404, "invalid_request_error")
    assert account.send("customers/cus_1", b"", "DELETE").status_code == 404
    with pytest.raises(stripe.InvalidRequestError, match="cannot be expanded"):
        account.sdk.checkout.sessions.retrieve(account.setup().id, {"expand": ["line_items"]})


@pytest.mark.parametrize("code", ["no key", "other parameters"])
def test_a_request_without_its_key_is_another(account: Account, code: str) -> None:
    customer, method = account.stored()
    first = account.charge(customer, method, key="k1")
    if code == "no key":
        assert account.charge(customer, method).id != first.id
    else:
        with pytest.raises(stripe.IdempotencyError):
            account.charge(customer, method, amount=301, key="k1")


def test_a_key_stands_for_one_answer_for_a_day(account: Account) -> None:
    customer, method = account.stored()
    first = account.charge(customer, method, key="k1")
    again = account.charge(customer, method, key="k1")
    assert (again.id, again.last_response.headers["Idempotent-Replayed"]) == (first.id, "true")  # type: ignore[union-attr]
    account.sandbox.bank(method, "insufficient_funds")
    refusals = []
    for _ in range(2):
        with pytest.raises(stripe.CardError) as refused:
            account.charge(customer, method, key="k2")
        refusals.append(refused.value.error.payment_intent.id)  # type: ignore[union-attr]
    assert refusals[0] == refusals[1]
    account.sandbox.bank(method, "ok")
    account.sandbox.advance(24 * 3600 + 1)
    assert account.charge(customer, method, key="k1").id != first.id
    assert account.sandbox.book()["stripe"]["totals"] == {"GBP": 600}


def test_what_is_refused_leaves_its_key_free(account: Account) -> None:
    customer, method = account.stored()
    with pytest.raises(stripe.InvalidRequestError):
        account.charge(customer, method, amount=1, key="k1")
    assert account.charge(customer, method, key="k1").status == "succeeded"


def test_faults_before_and_after_acting(account: Account) -> None:
    customer, method = account.stored()

    def trip(mode: str, **wish: Any) -> str:
        account.sandbox.fault(mode, "payment_intents", provider="stripe", **wish)
        with pytest.raises(stripe.StripeError) as failed:
            account.charge(customer, method, key=f"{mode}{wish}")
        return type(failed.value).__name__

    assert trip("http429") == "RateLimitError"
    assert trip("http500") == "APIError"
    assert trip("drop") == trip("timeout_before", hold=0.1) == "APIConnectionError"
    assert account.sandbox.book()["stripe"]["payments"] == []
    assert trip("drop", after=True) == trip("timeout_after", hold=0.1) == "APIConnectionError"
    assert account.sandbox.book()["stripe"]["totals"] == {"GBP": 600}
    assert trip("http500", after=True) == "APIError"
    with pytest.raises(stripe.APIError):
        account.charge(customer, method, key="http500{'after': True}")
    assert account.sandbox.book()["stripe"]["totals"] == {"GBP": 900}, "the key stands for its 500, not for a charge"


NAMES = ["mode", "customer", "line_items", "metadata", "expires_at", "success_url", "expand", "payment_intent_data"]


@many
@given(
    name=st.sampled_from(NAMES) | st.text(max_size=10),
    inner=st.lists(st.sampled_from(["0", "1", "price_data", "[", "]", "a", ""]), max_size=4),
    value=st.text(st.characters(exclude_categories=["Cs"]), max_size=30),
)
@example(name="metadata", inner=["a"], value="\x00")
@example(name="success_url", inner=[], value="\U0001f600" * 5000)
def test_whatever_is_sent_is_answered(account: Account, name: str, inner: list[str], value: str) -> None:
    field = name + "".join(f"[{part}]" for part in inner)
    form = {"mode": "payment", field: value}
    for path in ("checkout/sessions", "payment_intents", "customers"):
        body = requests.models.RequestEncodingMixin._encode_params(form)
        assert account.send(path, body.encode()).status_code in (200, 400, 404)


@many
@given(body=st.binary(max_size=100))
def test_whatever_bytes_are_answered(account: Account, body: bytes) -> None:
    assert account.send("customers", body).status_code in (200, 400)
    assert requests.post(f"{account.sandbox.url}/c/pay/cs_1", data=body, timeout=10).status_code in (303, 404)
