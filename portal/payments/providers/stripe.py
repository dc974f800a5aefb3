"""Stored cards at Stripe through its own SDK: its hosted page takes the number, we hold only its ids.

A time-out, a 5xx or any answer that is not understood is unknown, never failed; the same idempotency key makes asking
again safe for a day, and after that a charge is looked for by our own number. Nothing here knows of a sandbox.
"""

import json
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import stripe
from stripe import RequestsClient, StripeClient, StripeError, WebhookSignature

from portal.kit.config import Stripe as Keys
from portal.kit.patience import within
from portal.payments.providers import stripe_reading as reading
from portal.payments.providers.base import (
    Answer,
    ChargeOutcome,
    Headers,
    Notification,
    OrderState,
    Result,
    Setup,
    SetupOrder,
    SetupState,
    SignatureRejected,
    StoredCharge,
)
from portal.payments.providers.stripe_reading import Told

SECONDS = 20.0
"""What a call may take in all; far less than the lease of the job that makes it, so that no second one is under way."""
_WAITS = (3.0, 10.0)
"""Seconds to connect and to wait for the next bytes."""
_CLOCKS = timedelta(minutes=5)
"""How far Stripe's clock may be from ours where we ask for what was made since an instant."""
_PAGE = 100
_STATES = {"open": SetupState.OPEN, "complete": SetupState.DONE, "expired": SetupState.EXPIRED}
_ENDED = ("checkout.session.completed", "checkout.session.expired")
logging.getLogger("stripe").setLevel(logging.WARNING)  # it would tell the addresses of pages that are still open
stripe.enable_telemetry = False  # it would tell Stripe how long our calls take, and who we are beside our key


@dataclass(frozen=True, slots=True)
class _Said:
    """What a call came to: our answer, what Stripe told, and the error object it gave instead."""

    answer: Answer
    told: Told
    error: Told


class Stripe:
    """The adapter; one object a process, safe to use from several threads."""

    name = reading.NAME

    def __init__(self, keys: Keys) -> None:
        self._keys = keys
        self._api = StripeClient(
            keys.secret_key,
            base_addresses={"api": keys.base_url},
            max_network_retries=0,  # our jobs come again with the same key
            http_client=RequestsClient(timeout=_WAITS),
        ).v1

    def begin_setup(self, order: SetupOrder) -> Answer:
        """Open Checkout's page for a card, making the customer first where Stripe does not have them yet."""
        customer = order.customer
        if customer is None:
            made = self._make_customer(order)
            if made.answer.result is not Result.DONE:
                return made.answer
            customer = str(made.told["id"])
        given: Any = {
            "mode": "setup",
            "ui_mode": "hosted_page",
            "allowed_payment_method_types": ["card"],
            "customer": customer,
            "client_reference_id": order.reference,
            "success_url": order.done_url,
            "cancel_url": order.cancel_url,
            "expires_at": int(order.expires_at.timestamp()),
        }
        key: Any = {"idempotency_key": f"setup-{order.reference}"}
        said = self._call("begin_setup", lambda: self._api.checkout.sessions.create(given, key))
        return self._with_setup(said)

    def _make_customer(self, order: SetupOrder) -> _Said:
        given: Any = {"name": order.name, "metadata": {"customer": order.customer_reference}}
        key: Any = {"idempotency_key": f"customer-{order.customer_reference}-{order.reference}"}
        return self._call("begin_setup", lambda: self._api.customers.create(given, key))

    def query_setup(self, setup: str) -> Answer:
        """Ask how far it is."""
        wanted: Any = {"expand": ["setup_intent.payment_method"]}
        return self._with_setup(self._call("query_setup", lambda: self._api.checkout.sessions.retrieve(setup, wanted)))

    def _with_setup(self, said: _Said) -> Answer:
        if said.answer.result is not Result.DONE:
            return said.answer
        try:
            return replace(said.answer, setup=self._setup(said.told))
        except (KeyError, TypeError, ValueError) as error:
            return replace(said.answer, result=Result.UNKNOWN, detail=f"not understood: {type(error).__name__}")

    def _setup(self, told: Told) -> Setup:
        """Return what our books can take of a session; raises KeyError, TypeError or ValueError for anything else."""
        if told["mode"] != "setup" or told["livemode"] is not self._keys.is_live:
            raise ValueError("a session of another mode")
        state = _STATES[told["status"]]
        return Setup(
            setup=reading.text(told["id"]),
            reference=reading.text(told["client_reference_id"]),
            customer=reading.text(told["customer"]),
            state=state,
            url=reading.text(told["url"]) if state is SetupState.OPEN else None,
            card=reading.card(told["setup_intent"]["payment_method"]) if state is SetupState.DONE else None,
        )

    def forget_method(self, method: str) -> Answer:
        """Take a card from its customer for good; Stripe refuses where it was taken already, so that is looked up."""
        said = self._call("forget_method", lambda: self._api.payment_methods.detach(method))
        if said.answer.result is not Result.REFUSED:
            return said.answer
        known = self._call("forget_method", lambda: self._api.payment_methods.retrieve(method))
        is_gone = known.error.get("code") == "resource_missing"
        if is_gone or (known.answer.result is Result.DONE and known.told.get("customer") is None):
            return replace(said.answer, result=Result.DONE)
        return said.answer

    def charge_stored(self, charge: StoredCharge) -> Answer:
        """Charge a card; a repetition within a day is answered as the first time was."""
        given: Any = {
            "amount": charge.money.amount,
            "currency": charge.money.currency.lower(),
            "customer": charge.customer,
            "payment_method": charge.method,
            "description": charge.description,
            "metadata": {"order_number": charge.order_number},
            "confirm": True,
        }
        given |= {"return_url": charge.return_url} if charge.return_url else {"off_session": True}
        key: Any = {"idempotency_key": f"charge-{charge.order_number}"}
        said = self._call("charge_stored", lambda: self._api.payment_intents.create(given, key))
        if said.error and _is_about_the_card(said):
            return reading.declined(said.answer, said.error)
        return self._with_outcome(said.answer, said.told) if said.answer.result is Result.DONE else said.answer

    def query_charge(self, charge: StoredCharge, since: datetime) -> Answer:
        """Look for a charge by our own number among those of its customer."""
        answer, told = self._find("query_charge", charge, since)
        return answer if told is None else self._with_outcome(answer, told)

    def close_charge(self, charge: StoredCharge, since: datetime) -> Answer:
        """Give a charge up that waits for its holder; one that is paid refuses, and one never heard of is closed."""
        answer, told = self._find("close_charge", charge, since)
        if told is None or told.get("status") == "canceled":
            return answer
        named = str(told["id"])
        given: Any = {"cancellation_reason": "abandoned"}
        return self._call("close_charge", lambda: self._api.payment_intents.cancel(named, given)).answer

    def _find(self, operation: str, charge: StoredCharge, since: datetime) -> tuple[Answer, Told | None]:
        """Look for a charge; without one the answer says whether nobody heard of it, or nobody knows."""
        after = int((since - _CLOCKS).timestamp())
        wanted: Any = {"customer": charge.customer, "created": {"gte": after}, "limit": _PAGE}
        said = self._call(operation, lambda: self._api.payment_intents.list(wanted))
        if said.answer.result is not Result.DONE:
            return said.answer, None
        for told in said.told.get("data", ()):
            if (told.get("metadata") or {}).get("order_number") == charge.order_number:
                return said.answer, told
        if said.told.get("has_more") is not False:
            return replace(said.answer, result=Result.UNKNOWN, detail="more charges than we look through"), None
        return replace(said.answer, state=OrderState.ABSENT), None

    def _with_outcome(self, answer: Answer, told: Told) -> Answer:
        status = told.get("status")
        if told.get("livemode") is not self._keys.is_live:
            return replace(answer, result=Result.UNKNOWN, detail="of another mode")
        if status == "succeeded":
            try:
                paid, evidence = OrderState.PAID, reading.evidence(told)
            except (KeyError, TypeError, ValueError):
                return replace(answer, result=Result.UNKNOWN, detail="paid, but the answer is not understood")
            return replace(answer, state=paid, outcome=ChargeOutcome.SUCCEEDED, evidence=evidence)
        if status == "requires_payment_method" and told.get("last_payment_error"):
            return reading.declined(answer, told["last_payment_error"])
        if status == "requires_action" and (page := reading.bank_page(told)):
            return replace(answer, state=OrderState.UNPAID, outcome=ChargeOutcome.AUTHENTICATION, code_url=page)
        if status == "canceled":
            return replace(answer, state=OrderState.CLOSED)
        return replace(answer, result=Result.UNKNOWN, detail=f"not settled: {status}")

    def read_notification(self, headers: Headers, body: bytes) -> Notification:
        """Verify an event on its raw bytes; the SDK lets messages from the future pass, so that is looked at here."""
        proof = headers.get("Stripe-Signature", "")
        if not reading.is_fresh(proof):
            raise SignatureRejected("headers")
        try:
            text = body.decode()
            WebhookSignature.verify_header(text, proof, self._keys.webhook_secret, int(reading.SKEW.total_seconds()))
            return self._understand(json.loads(text))
        except SignatureRejected:
            raise
        except Exception as error:  # whatever is not an event as Stripe makes them proves nothing
            raise SignatureRejected(type(error).__name__) from error

    def _understand(self, event: Told) -> Notification:
        event_id, kind, told = reading.text(event["id"]), reading.text(event["type"]), event["data"]["object"]
        if event["livemode"] is not self._keys.is_live:
            return Notification(event_id, kind, None, None, "of another mode")
        if kind in _ENDED and told["mode"] == "setup":
            return Notification(
                event_id, kind, reading.text(told["client_reference_id"]), None, body={"setup": told["id"]}
            )
        order_number = (told.get("metadata") or {}).get("order_number")
        if kind != "payment_intent.succeeded" or order_number is None:
            return Notification(event_id, kind, None, None)
        try:
            return Notification(event_id, kind, reading.text(order_number), reading.evidence(told))
        except (KeyError, TypeError, ValueError):
            return Notification(event_id, kind, None, None, "not understood")

    def _call(self, operation: str, send: Callable[[], Any]) -> _Said:
        """Make one call; whatever is not a definite answer is unknown, never failed."""
        started = time.perf_counter()
        told: Told = {}
        error: Told = {}
        status, result, detail = 200, Result.DONE, ""
        try:
            told = within(SECONDS, send).to_dict()
        except StripeError as refusal:
            status, error = refusal.http_status or 0, refusal.error.to_dict() if refusal.error else {}
            result, detail = _judge(refusal, error)
        except Exception as problem:  # a time-out of ours, or an answer that is no JSON
            status, result, detail = 0, Result.UNKNOWN, type(problem).__name__
        milliseconds = round((time.perf_counter() - started) * 1000)
        return _Said(Answer(operation, result, status or None, detail, milliseconds), told, error)


def _judge(refusal: StripeError, error: Told) -> tuple[Result, str]:
    """Say whether a refusal is definite. A key that stands for other parameters is not: the first use had an effect."""
    code = error.get("decline_code") or error.get("code") or error.get("type") or type(refusal).__name__
    status = refusal.http_status
    is_open = status is None or status >= 500 or status in (409, 429) or isinstance(refusal, stripe.IdempotencyError)
    return Result.UNKNOWN if is_open else Result.REFUSED, str(code)[:200]


def _is_about_the_card(said: _Said) -> bool:
    """Whether it is the card that is refused, by its bank or because Stripe has it no more, and not our request."""
    if said.answer.result is not Result.REFUSED:
        return False
    return said.answer.http_status == 402 or said.error.get("param") == "payment_method"
