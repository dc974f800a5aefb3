"""B7, B8, B9: whatever was changed in a genuine notification, it proves nothing: 401, no row, no call to anybody.

The notification is sealed and signed with the provider's own key, as the sandbox does it, and is taken unchanged.
"""

import json
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portal.kit.config import Settings
from portal.sandbox import keyring
from portal.sandbox.keyring import Keyring
from portal.sandbox.wechat.signing import seal, signature_headers
from tests.support import rows
from tests.support.proving import times

Saw = Callable[[str], None]
WEBHOOK = "/api/v1/webhooks/wechat_pay"
PAID = {"out_trade_no": "SH1", "trade_state": "SUCCESS", "transaction_id": "42", "mchid": "1", "appid": "wx1"}
HEADERS = ("Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Serial", "Wechatpay-Signature")
TRIES = settings(max_examples=times(60, 600), suppress_health_check=[HealthCheck.function_scoped_fixture])
_calls: list[Any] = []
sys.addaudithook(lambda event, given: _calls.append(given) if event == "socket.connect" else None)
"""Every connection that this process opens, to whomever."""


class Provider:
    """Signs as the provider does, and posts to our webhook."""

    def __init__(self, keys: Keyring, client: FlaskClient) -> None:
        self.keys = keys
        self.client = client
        resource = seal(keys.apiv3_key, json.dumps(PAID).encode(), "transaction") | {"original_type": "transaction"}
        told = {"id": "EV-1", "event_type": "TRANSACTION.SUCCESS", "resource_type": "encrypt-resource"}
        self.body = json.dumps(told | {"resource": resource}).encode()
        self.sent = 0

    def headers(self, body: bytes | None = None, shift: int = 0) -> dict[str, str]:
        """The headers of a genuine signature of ``body``, made ``shift`` seconds from now."""
        key = self.keys.platform_keys[self.keys.first_key_id]
        signed = signature_headers(self.keys.first_key_id, key, self.body if body is None else body, shift)
        return signed | {"Content-Type": "application/json"}

    def post(self, body: bytes, headers: dict[str, str]) -> int:
        """Send it; return the status."""
        self.sent += 1
        return self.client.post(WEBHOOK, data=body, headers=headers).status_code


@pytest.fixture
def provider(client: FlaskClient, settings: Settings) -> Provider:
    assert settings.wechat_pay is not None
    return Provider(keyring.load(settings.wechat_pay.private_key_file.parent), client)


@pytest.fixture
def _nothing_happens(provider: Provider, saw: Saw) -> Iterator[None]:
    """The genuine one would have been taken; whatever the test sends leaves no row and calls nobody."""
    with rows.undone():
        assert provider.post(provider.body, provider.headers()) == 204
    before = rows.digests()
    _calls.clear()
    yield
    assert rows.changed(before) == set()
    assert _calls == []
    saw(f"{provider.sent - 1} messages after a genuine one: 401 each, no row changed, no socket opened")


@pytest.mark.usefixtures("_nothing_happens")
@TRIES
@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_b8_one_bit_of_the_body_changed(provider: Provider, at: int, bit: int) -> None:
    changed = bytearray(provider.body)
    changed[at % len(changed)] ^= 1 << bit
    assert provider.post(bytes(changed), provider.headers()) == 401


WRITINGS = [{"indent": 1}, {"separators": (",", ":")}, {"sort_keys": True}, {"cut": 1}, {"more": b" "}]


@pytest.mark.usefixtures("_nothing_happens")
@pytest.mark.parametrize("how", WRITINGS, ids=["indented", "compact", "sorted", "cut", "longer"])
def test_b8_the_same_json_written_otherwise(provider: Provider, how: dict[str, Any]) -> None:
    if "cut" in how or "more" in how:
        body = provider.body[: -how.get("cut", 0) or None] + how.get("more", b"")
    else:
        body = json.dumps(json.loads(provider.body), **how).encode()
    assert body != provider.body
    assert provider.post(body, provider.headers()) == 401


@pytest.mark.usefixtures("_nothing_happens")
@TRIES
@given(name=st.sampled_from(HEADERS), value=st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=400))
def test_b7_any_other_header(provider: Provider, name: str, value: str) -> None:
    headers = provider.headers()
    if value != headers[name]:
        assert provider.post(provider.body, headers | {name: value}) == 401


@pytest.mark.usefixtures("_nothing_happens")
@pytest.mark.parametrize("name", HEADERS)
def test_b7_a_header_missing(provider: Provider, name: str) -> None:
    headers = provider.headers()
    headers.pop(name)
    assert provider.post(provider.body, headers) == 401


@pytest.mark.usefixtures("_nothing_happens")
@TRIES
@given(seconds=st.one_of(st.integers(-(10**9), -301), st.integers(302, 10**9)))
def test_b9_genuine_but_older_or_newer_than_five_minutes(provider: Provider, seconds: int) -> None:
    assert provider.post(provider.body, provider.headers(shift=seconds)) == 401


LEAVES = st.none() | st.booleans() | st.floats() | st.text(max_size=20)
JSON = st.recursive(
    LEAVES, lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=9), inner), max_leaves=9
).map(lambda told: json.dumps(told).encode())


@pytest.mark.usefixtures("_nothing_happens")
@TRIES
@given(body=st.binary(max_size=2000) | JSON)
def test_b7_f1_whatever_is_sent_without_a_proof(provider: Provider, body: bytes) -> None:
    assert provider.post(body, {"Content-Type": "application/json"}) == 401


SIGNED = [
    b"", b"null", b"[]", b"{}", b"NaN", b"\xff\xfe", b"\x00",
    b'{"id": 1e999}', b"[" * 20_000, b'{"id": "a", "id": "b"}',
    b'{"id": "EV", "resource": {"ciphertext": "AAAA", "nonce": "x", "associated_data": "\\ud800"}}',
]  # fmt: skip


@pytest.mark.usefixtures("_nothing_happens")
@pytest.mark.parametrize("body", SIGNED, ids=range(len(SIGNED)))
def test_f1_signed_nonsense_is_no_fault(provider: Provider, body: bytes) -> None:
    assert provider.post(body, provider.headers(body)) == 401
