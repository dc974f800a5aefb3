"""Setup and payment intents: what becomes of a card that was typed at the hosted page, or is charged off-session.

The bank's word comes from cards.py, or from the control interface where that says otherwise.
"""

from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection

from portal.sandbox.stripe import events, objects
from portal.sandbox.stripe.cards import AUTHENTICATION, DECLINES, Card, Typed
from portal.sandbox.stripe.objects import Thing
from portal.sandbox.world import World

NOT_AUTHENTICATED = "We are unable to authenticate your payment method. Please choose a different payment method."


def new_method(connection: Connection, here: World, typed: Typed) -> Thing:
    """Make the payment method of a card that was typed; it belongs to nobody yet."""
    told = {
        "brand": typed.card.brand,
        "last4": typed.last4,
        "exp_month": typed.exp_month,
        "exp_year": typed.exp_year,
        "country": "GB",
        "funding": "credit",
    }
    secret = {"card": asdict(typed.card), "bank": None}
    return objects.create(
        connection, "payment_method", here.clock.now(), secret, type="card", card=told, customer=None, metadata={}
    )


def new_setup(connection: Connection, here: World, customer: str, metadata: dict[str, str]) -> Thing:
    """Make the setup intent of a Checkout Session."""
    return objects.create(
        connection,
        "setup_intent",
        here.clock.now(),
        customer=customer,
        payment_method=None,
        status="requires_payment_method",
        usage="off_session",
        metadata=metadata,
        last_setup_error=None,
        next_action=None,
    )


def new_payment(connection: Connection, here: World, customer: str | None, **told: Any) -> Thing:
    """Make a payment intent; `told` has at least amount, currency and metadata."""
    common = {
        "amount_received": 0,
        "payment_method": None,
        "status": "requires_payment_method",
        "last_payment_error": None,
        "latest_charge": None,
        "next_action": None,
        "canceled_at": None,
        "cancellation_reason": None,
    }
    return objects.create(connection, "payment_intent", here.clock.now(), customer=customer, **common | told)


def card_of(method: Thing) -> Card:
    """What the bank of a stored card does."""
    return Card(**method.secret["card"])


def attach(connection: Connection, here: World, method: Thing, customer: str) -> None:
    """Let a payment method belong to a customer, for good or until it is detached."""
    objects.save(connection, method, customer=customer)
    events.stage(connection, here, "payment_method.attached", method.body, method.id)


def succeed(connection: Connection, here: World, intent: Thing, method: Thing, about: str) -> Thing:
    """The bank agrees: a setup is done, or the money has moved."""
    changes: dict[str, Any] = {"status": "succeeded", "payment_method": method.id, "next_action": None}
    if intent.kind == "payment_intent":
        changes |= {"amount_received": intent.body["amount"], "latest_charge": objects.new_id("ch")}
        changes |= {"last_payment_error": None}
        intent.secret["paid_at"] = here.clock.now().isoformat()
    objects.save(connection, intent, **changes)
    events.stage(connection, here, f"{intent.kind}.succeeded", intent.body, about)
    return intent


def fail(connection: Connection, here: World, intent: Thing, error: dict[str, Any], about: str) -> Thing:
    """The bank, or its cardholder, says no: another card may be tried."""
    name = "last_setup_error" if intent.kind == "setup_intent" else "last_payment_error"
    kind = "setup_intent.setup_failed" if intent.kind == "setup_intent" else "payment_intent.payment_failed"
    changes = {"status": "requires_payment_method", "payment_method": None, "next_action": None, name: error}
    objects.save(connection, intent, **changes)
    events.stage(connection, here, kind, intent.body, about)
    return intent


def declined(code: str, method: Thing) -> dict[str, Any]:
    """The error object of a refused card."""
    name, message = DECLINES[code]
    told = {"type": "card_error", "code": name, "decline_code": code, "message": message}
    return told | {"charge": objects.new_id("ch"), "payment_method": method.body}


def not_authenticated(intent: Thing, method: Thing) -> dict[str, Any]:
    """The error object where the cardholder failed to authenticate."""
    code = f"{intent.kind}_authentication_failure"
    told = {"type": "invalid_request_error", "code": code, "message": NOT_AUTHENTICATED}
    return told | {"payment_method": method.body}


def charge(
    connection: Connection, here: World, intent: Thing, method: Thing, return_url: str | None
) -> dict[str, Any] | None:
    """Charge a stored card; gives the error object where the bank refuses, or wants a holder who is not there.

    :param return_url: where the bank's page leads its cardholder back to; None where they are not there.
    """
    code, asks = _word(method, is_there=return_url is not None)
    if asks and return_url is not None:
        intent.secret |= {"waits": method.id, "return_url": return_url}
        page = {"url": f"{here.settings.public_url}/c/bank/{intent.id}", "return_url": return_url}
        action = {"type": "redirect_to_url", "redirect_to_url": page}
        objects.save(connection, intent, status="requires_action", payment_method=method.id, next_action=action)
        events.stage(connection, here, "payment_intent.requires_action", intent.body, intent.id)
        return None
    return _settle(connection, here, intent, method, AUTHENTICATION if asks else code)


def _word(method: Thing, *, is_there: bool) -> tuple[str | None, bool]:
    """What the bank says of a charge, and whether it asks its cardholder first."""
    card, ordered = card_of(method), method.secret["bank"]
    if ordered is not None:
        return (None if ordered in ("ok", AUTHENTICATION) else ordered), ordered == AUTHENTICATION
    return card.declined, card.asks_on_session if is_there else card.asks_off_session


def _settle(
    connection: Connection, here: World, intent: Thing, method: Thing, code: str | None
) -> dict[str, Any] | None:
    if code is None:
        succeed(connection, here, intent, method, intent.id)
        return None
    error = declined(code, method)
    fail(connection, here, intent, error, intent.id)
    return error


def authenticate(connection: Connection, here: World, intent: Thing, is_good: bool) -> None:
    """What the cardholder said to the question that a charge led to, and what the bank says then."""
    method = objects.get(connection, "payment_method", intent.secret["waits"], "payment_method", lock=True)
    intent.secret["waits"] = None
    if is_good:
        _settle(connection, here, intent, method, _word(method, is_there=True)[0])
    else:
        fail(connection, here, intent, not_authenticated(intent, method), intent.id)
