"""Stripe's events at our webhook: believed on their raw bytes only, young in both directions, and of our own mode."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stripe import WebhookSignature

from portal.kit.config import Settings
from portal.payments.providers import registry
from portal.payments.providers.base import SignatureRejected
from portal.payments.providers.stripe import Stripe
from tests.support import rows
from tests.support.proving import times

WEBHOOK = "/api/v1/webhooks/stripe"
PAID: dict[str, Any] = {
    "id": "pi_1",
    "amount_received": 300,
    "currency": "gbp",
    "created": 1795227284,
    "metadata": {"order_number": "SH1"},
}
STORED = {"id": "cs_1", "mode": "setup", "client_reference_id": "pm_ours"}
TRIES = settings(max_examples=times(60, 600), suppress_health_check=[HealthCheck.function_scoped_fixture])


def event(kind: str = "payment_intent.succeeded", told: dict[str, Any] = PAID, **changes: Any) -> bytes:
    """The bytes of an event."""
    whole = {"id": "evt_1", "object": "event", "type": kind, "livemode": False, "data": {"object": told}}
    return json.dumps(whole | changes).encode()


class Sender:
    """Signs as Stripe does, and posts to our webhook."""

    def __init__(self, secret: str, client: FlaskClient) -> None:
        self.secret, self.client = secret, client

    def proof(self, body: bytes, shift: int = 0, secret: str = "") -> str:
        """A genuine signature made ``shift`` seconds from now."""
        stamp = int(time.time()) + shift
        return WebhookSignature.generate_signature_header(body.decode(), secret or self.secret, stamp)

    def post(self, body: bytes, proof: str | None = None) -> int:
        """Send it; the status."""
        headers = {} if proof is None else {"Stripe-Signature": proof}
        return self.client.post(WEBHOOK, data=body, headers=headers).status_code


@pytest.fixture
def sender(client: FlaskClient, settings: Settings) -> Sender:
    assert settings.stripe is not None
    return Sender(settings.stripe.webhook_secret, client)


@pytest.fixture
def stripe(settings: Settings, db: None) -> Stripe:
    found = registry.get_keeper("stripe")
    assert isinstance(found, Stripe)
    return found


def test_b7_b8_b9_what_is_not_proved_leaves_nothing(sender: Sender, saw: Callable[[str], None]) -> None:
    body = event()
    good = sender.proof(body)
    stamp, signature = good.split(",")
    forged = {
        "no proof": None,
        "empty": "",
        "no time": signature,
        "no signature": stamp,
        "two times": f"{stamp},{good}",
        "a second time behind": f"{good},t=1",
        "another scheme": good.replace("v1=", "v0="),
        "another secret": sender.proof(body, secret="whsec_another"),
        "5 minutes old": sender.proof(body, -300),
        "5 minutes ahead": sender.proof(body, 301),
        "a day ahead": sender.proof(body, 86400),
        "a time in other digits": good.replace("t=1", "t=１"),
        "of another body": sender.proof(body + b" "),
        "a word": "t=now,v1=yes",
    }
    before = rows.digests()
    assert {name: sender.post(body, proof) for name, proof in forged.items()} == dict.fromkeys(forged, 401)
    assert sender.post(json.dumps(json.loads(body), indent=1).encode(), good) == 401
    for odd in (b"", b"{", b"[]", b"null", b"\xff", b'{"id":"evt_1"}', event(id=7), event(livemode=None)[:-1]):
        proof = sender.proof(odd) if odd != b"\xff" else good
        assert sender.post(odd, proof) == 401
    assert rows.changed(before) == set()
    with rows.undone():
        assert sender.post(body, good) == 204
        assert sender.post(body, f"{stamp},v1=0000,{signature}") == 204, "while a secret is rolled, two are signed with"
        assert rows.changed(before) != set()
    saw(f"{len(forged) + 9} messages: 401 each, no row changed; the genuine one 204, also with a second signature")


@TRIES
@given(at=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_b8_one_bit_of_an_event_changed(sender: Sender, at: int, bit: int) -> None:
    body = event()
    changed = bytearray(body)
    changed[at % len(changed)] ^= 1 << bit
    assert sender.post(bytes(changed), sender.proof(body)) == 401


def test_money_is_evidence(stripe: Stripe, sender: Sender) -> None:
    body = event()
    told = stripe.read_notification({"Stripe-Signature": sender.proof(body)}, body)
    evidence = told.evidence
    assert evidence is not None
    assert (told.event_id, told.order_number, told.quarantine) == ("evt_1", "SH1", None)
    assert (evidence.transaction_id, evidence.amount, evidence.currency) == ("pi_1", 300, "GBP")
    assert evidence.paid_at.isoformat() == "2026-11-21T02:14:44+00:00"


@pytest.mark.parametrize(
    ("kind", "told", "quarantine"),
    [
        ("payment_intent.succeeded", PAID | {"amount_received": 3.0}, "not understood"),
        ("payment_intent.succeeded", PAID | {"amount_received": 0}, "not understood"),
        ("payment_intent.succeeded", PAID | {"amount_received": 10**30}, "not understood"),
        ("payment_intent.succeeded", PAID | {"currency": "krw"}, "not understood"),
        ("payment_intent.succeeded", PAID | {"created": "yesterday"}, "not understood"),
        ("payment_intent.succeeded", PAID | {"metadata": {}}, None),
        ("payment_intent.payment_failed", PAID, None),
        ("charge.refunded", {"id": "ch_1"}, None),
    ],
)
def test_what_our_books_cannot_take_is_no_evidence(
    stripe: Stripe, sender: Sender, kind: str, told: dict[str, Any], quarantine: str | None
) -> None:
    body = event(kind, told)
    message = stripe.read_notification({"Stripe-Signature": sender.proof(body)}, body)
    assert (message.evidence, message.quarantine) == (None, quarantine)


@pytest.mark.parametrize("is_live", [False, True])
def test_b19_an_event_of_another_mode_is_set_aside(
    settings: Settings, sender: Sender, is_live: bool, saw: Callable[[str], None]
) -> None:
    """A test key is told of live money, a live key of play money: neither becomes money of ours."""
    assert settings.stripe is not None
    ours = settings.stripe.secret_key if is_live else "sk_live_1"
    stripe, body = Stripe(replace(settings.stripe, secret_key=ours)), event(livemode=is_live)
    told = stripe.read_notification({"Stripe-Signature": sender.proof(body)}, body)
    assert (told.evidence, told.quarantine) == (None, "of another mode")
    saw(f"{'live' if is_live else 'test'} event: signed well, set aside, no evidence")


def test_the_end_of_a_page_names_its_card(stripe: Stripe, sender: Sender) -> None:
    for kind in ("checkout.session.completed", "checkout.session.expired"):
        body = event(kind, STORED)
        told = stripe.read_notification({"Stripe-Signature": sender.proof(body)}, body)
        assert (told.order_number, told.evidence, told.body) == ("pm_ours", None, {"setup": "cs_1"})
    odd = event("checkout.session.completed", STORED | {"client_reference_id": None})
    with pytest.raises(SignatureRejected):
        stripe.read_notification({"Stripe-Signature": sender.proof(odd)}, odd)
