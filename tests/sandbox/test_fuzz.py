"""Whatever is thrown at the sandbox, it answers in its own words and never with a mistake of its own."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from tests.sandbox.signer import Draft, Signer
from tests.support.sandbox import Sandbox

many = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
# With lone surrogates, which JSON can name and neither UTF-8 nor PostgreSQL can hold.
texts = st.text(st.characters(), max_size=40)
scalars = st.none() | st.booleans() | st.integers() | st.floats() | texts
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3))
ORDER_FIELDS = [
    *("appid", "mchid", "description", "out_trade_no", "notify_url", "amount", "time_expire", "attach"),
    *("limit_pay", "detail", "scene_info", "settle_info"),
]
CONTROL_FIELDS = [
    *("order", "amount", "currency", "mchid", "paid_at", "copies", "gap", "delay", "advance", "settle", "mode"),
    *("provider", "endpoint", "count", "seconds", "hold", "variant", "header", "code_url"),
]


@pytest.fixture
def signer(sandbox: Sandbox) -> Signer:
    return Signer(sandbox)


@many
@given(field=st.sampled_from(ORDER_FIELDS) | texts, value=values)
@example(field="\ud800", value=1)
@example(field="\x00", value=1)
@example(field="amount", value="\ud800")
def test_native_orders(signer: Signer, field: str, value: Any) -> None:
    answer = signer.send(Draft(body=json.dumps(signer.order() | {field: value}).encode()))
    assert answer.status_code in (200, 400, 401) or answer.json()["code"] == "SYSTEM_ERROR"
    signer.verify(answer)


@many
@given(body=st.binary(max_size=200))
def test_bodies(signer: Signer, body: bytes) -> None:
    answer = signer.send(Draft(body=body))
    assert answer.status_code in (400, 500)
    signer.verify(answer)


@many
@given(header=st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"), max_size=80))
def test_authorizations(signer: Signer, header: str) -> None:
    draft = Draft(body=b"{}", headers={"Authorization": "WECHATPAY2-SHA256-RSA2048 " + header.strip()})
    assert signer.send(draft).status_code == 401


@many
@given(
    verb=st.sampled_from(["pay", "decline", "cancel", "clock", "notify", "switch", "fault", "bank"]),
    fields=st.dictionaries(st.sampled_from(CONTROL_FIELDS), values, max_size=4),
)
def test_the_control_interface(sandbox: Sandbox, verb: str, fields: dict[str, Any]) -> None:
    answer = sandbox._session.post(f"{sandbox.url}/_ctl/{verb}", data=json.dumps(fields))
    assert answer.status_code < 500, answer.text
