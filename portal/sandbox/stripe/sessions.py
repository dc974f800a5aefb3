"""Checkout Sessions: made, told, expired, and what is done on their hosted page."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection

from portal.sandbox.stripe import errors, events, intents, objects
from portal.sandbox.stripe.cards import Typed
from portal.sandbox.stripe.objects import Thing
from portal.sandbox.world import World

KIND = "checkout.session"
SHORTEST, LONGEST = timedelta(minutes=30), timedelta(hours=24)
MINIMUMS = {"gbp": 30, "eur": 50, "usd": 50, "cny": 400, "hkd": 400, "jpy": 50}
"""The least that a card is charged, by currency, in its minor units (CNY is this world's own guess)."""


def create(connection: Connection, here: World, given: dict[str, Any]) -> Thing:
    """Make a session of mode setup or payment; `given` has been checked against the SDK's table."""
    now, mode = here.clock.now(), given.get("mode")
    if mode not in ("setup", "payment"):
        raise errors.missing("mode") if mode is None else errors.not_honoured("mode")
    for name in ("success_url", *(("customer",) if mode == "setup" else ("line_items",))):
        if name not in given:
            raise errors.missing(name)
    if given.get("ui_mode", "hosted_page") != "hosted_page":
        raise errors.not_honoured("ui_mode")
    if given.get("allowed_payment_method_types", ["card"]) != ["card"]:
        raise errors.not_honoured("allowed_payment_method_types")
    if "customer" in given:
        objects.get(connection, "customer", given["customer"], "customer")
    expires_at = _expiry(given.get("expires_at"), now)
    told = _setup(connection, here, given) if mode == "setup" else _payment(given)
    secret = {"intent_data": given.get("payment_intent_data", {}), "waits": None}
    session = objects.create(connection, KIND, now, secret, **_common(given, mode, expires_at), **told)
    objects.save(connection, session, url=f"{here.settings.public_url}/c/pay/{session.id}")
    # Told when its time has run out, unless it has ended by then: whoever ends it takes this back.
    seconds = expires_at - now.timestamp()
    ended = session.body | {"status": "expired", "url": None}
    session.secret["expiry"] = events.stage(
        connection, here, "checkout.session.expired", ended, about(session), delay=seconds
    )
    return objects.save(connection, session)


def _common(given: dict[str, Any], mode: str, expires_at: int) -> dict[str, Any]:
    return {
        "mode": mode,
        "status": "open",
        "ui_mode": "hosted_page",
        "url": None,
        "expires_at": expires_at,
        "customer": given.get("customer"),
        "client_reference_id": given.get("client_reference_id"),
        "success_url": given["success_url"],
        "cancel_url": given.get("cancel_url"),
        "metadata": given.get("metadata") or {},
        "allowed_payment_method_types": ["card"],
    }


def _setup(connection: Connection, here: World, given: dict[str, Any]) -> dict[str, Any]:
    for name in ("line_items", "payment_intent_data"):
        if name in given:
            raise errors.Refusal(400, f"You can not pass `{name}` in `setup` mode.", param=name)
    if "allowed_payment_method_types" not in given and "currency" not in given:
        raise errors.missing("currency")
    data = given.get("setup_intent_data", {})
    intent = intents.new_setup(connection, here, given["customer"], data.get("metadata") or {})
    nothing = {"payment_intent": None, "payment_status": "no_payment_required", "amount_total": None}
    return nothing | {"setup_intent": intent.id, "currency": given.get("currency")}


def _payment(given: dict[str, Any]) -> dict[str, Any]:
    items = given["line_items"]
    prices = [item.get("price_data") for item in items]
    if None in prices or any("quantity" not in item or "unit_amount" not in item["price_data"] for item in items):
        raise errors.not_honoured("line_items")
    currencies = {price["currency"] for price in prices}
    if len(currencies) != 1 or not currencies <= set(MINIMUMS):
        raise errors.invalid("line_items[0][price_data][currency]", "one known currency")
    currency = currencies.pop()
    total = sum(item["quantity"] * item["price_data"]["unit_amount"] for item in items)
    if total < MINIMUMS[currency]:
        raise errors.too_small(MINIMUMS[currency], currency)
    nothing = {"payment_intent": None, "setup_intent": None, "payment_status": "unpaid"}
    return nothing | {"amount_total": total, "currency": currency}


def _expiry(given: int | None, now: datetime) -> int:
    """The end asked for, in seconds since 1970; 24 hours where none is."""
    born = int(now.timestamp())
    if given is None:
        return born + int(LONGEST.total_seconds())
    if not born + SHORTEST.total_seconds() <= given <= born + LONGEST.total_seconds():
        raise errors.invalid("expires_at", "30 minutes to 24 hours after the creation of the Checkout Session")
    return given


def about(session: Thing) -> str:
    """What the log calls a session by: the merchant's own number where it gave one."""
    return str(session.body["client_reference_id"] or session.id)


def as_of(session: Thing, now: datetime) -> Thing:
    """The session as it is told now: one whose time has run out is expired without anybody doing it."""
    if session.body["status"] == "open" and session.body["expires_at"] <= now.timestamp():
        session.body |= {"status": "expired", "url": None}
    return session


def expire(connection: Connection, here: World, session: Thing) -> Thing:
    """End an open, locked session before its time."""
    if as_of(session, here.clock.now()).body["status"] != "open":
        raise errors.not_open(session.body["status"])
    events.take_back(connection, session.secret["expiry"])
    objects.save(connection, session, status="expired", url=None)
    events.stage(connection, here, "checkout.session.expired", session.body, about(session))
    return session


def intent_of(connection: Connection, here: World, session: Thing) -> Thing:
    """The intent that a locked session works on; a payment's is made with the first card that is tried."""
    if session.body["mode"] == "setup":
        return objects.get(connection, "setup_intent", session.body["setup_intent"], "setup_intent", lock=True)
    if session.body["payment_intent"]:
        return objects.get(connection, "payment_intent", session.body["payment_intent"], "payment_intent", lock=True)
    data = session.secret["intent_data"]
    told = {name: session.body[f"{name}_total" if name == "amount" else name] for name in ("amount", "currency")}
    told |= {"metadata": data.get("metadata") or {}, "description": data.get("description")}
    intent = intents.new_payment(connection, here, session.body["customer"], **told)
    objects.save(connection, session, payment_intent=intent.id)
    return intent


def use_card(connection: Connection, here: World, session: Thing, typed: Typed) -> None:
    """What a card typed at the page leads to: done, refused, or its bank asks first."""
    intent, method = intent_of(connection, here, session), intents.new_method(connection, here, typed)
    card = typed.card
    if card.asks_at_setup if session.body["mode"] == "setup" else card.asks_on_session:
        session.secret["waits"] = method.id
        objects.save(connection, session)
        objects.save(connection, intent, status="requires_action", next_action={"type": "use_stripe_sdk"})
    else:
        _ask_bank(connection, here, session, intent, method)


def authenticate(connection: Connection, here: World, session: Thing, is_good: bool) -> None:
    """What the cardholder said to the bank's question, and what the bank says then."""
    method = objects.get(connection, "payment_method", session.secret["waits"], "payment_method", lock=True)
    intent = intent_of(connection, here, session)
    session.secret["waits"] = None
    objects.save(connection, session)
    if is_good:
        _ask_bank(connection, here, session, intent, method)
    else:
        intents.fail(connection, here, intent, intents.not_authenticated(intent, method), about(session))


def _ask_bank(connection: Connection, here: World, session: Thing, intent: Thing, method: Thing) -> None:
    card = intents.card_of(method)
    code = card.declined_at_setup if session.body["mode"] == "setup" else card.declined
    if code is not None:
        intents.fail(connection, here, intent, intents.declined(code, method), about(session))
        return
    intents.succeed(connection, here, intent, method, about(session))
    kept = session.body["mode"] == "setup" or session.secret["intent_data"].get("setup_future_usage") == "off_session"
    if kept and session.body["customer"]:
        intents.attach(connection, here, method, session.body["customer"])
    events.take_back(connection, session.secret["expiry"])
    paid = "no_payment_required" if session.body["mode"] == "setup" else "paid"
    objects.save(connection, session, status="complete", payment_status=paid, url=None)
    events.stage(connection, here, "checkout.session.completed", session.body, about(session))
