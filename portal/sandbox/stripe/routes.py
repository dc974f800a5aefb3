"""The endpoints of Stripe's API that stored cards need, each with the parameters that it plays."""

from datetime import UTC, datetime
from typing import Any

from flask import Blueprint, Response
from stripe import params
from stripe.params import checkout

from portal.sandbox.stripe import errors, events, intents, objects, sessions
from portal.sandbox.stripe.objects import Thing
from portal.sandbox.stripe.parameters import check
from portal.sandbox.stripe.wire import Call, Reply, serve

blueprint = Blueprint("stripe", __name__, url_prefix="/v1")
SESSION = (
    *("mode", "ui_mode", "customer", "client_reference_id", "success_url", "cancel_url", "expires_at", "metadata"),
    *("allowed_payment_method_types", "currency", "line_items", "payment_intent_data", "setup_intent_data"),
)
CHARGE = (
    *("amount", "currency", "customer", "payment_method", "off_session", "return_url", "confirm", "metadata"),
    "description",
)
CANCELLABLE = ("requires_payment_method", "requires_confirmation", "requires_action", "processing")


@blueprint.post("/customers")
def create_customer() -> Response:
    """Make a customer."""

    def act(call: Call) -> Reply:
        given = check(params.CustomerCreateParams, call.form, ("name", "email", "metadata"))
        told = {"name": given.get("name"), "email": given.get("email"), "metadata": given.get("metadata") or {}}
        made = objects.create(call.connection, "customer", call.world.clock.now(), **told)
        return Reply(200, made.body)

    return serve("customers", act)


@blueprint.get("/customers/<object_id>")
def retrieve_customer(object_id: str) -> Response:
    """Tell a customer."""
    return _retrieve("customers", params.CustomerRetrieveParams, "customer", object_id)


@blueprint.post("/checkout/sessions")
def create_session() -> Response:
    """Make a Checkout Session."""

    def act(call: Call) -> Reply:
        given = check(checkout.SessionCreateParams, call.form, SESSION)
        made = sessions.create(call.connection, call.world, given)
        call.about.append(sessions.about(made))
        return Reply(200, made.body)

    return serve("sessions", act)


@blueprint.get("/checkout/sessions/<object_id>")
def retrieve_session(object_id: str) -> Response:
    """Tell a Checkout Session."""
    return _retrieve("sessions", checkout.SessionRetrieveParams, sessions.KIND, object_id)


@blueprint.post("/checkout/sessions/<object_id>/expire")
def expire_session(object_id: str) -> Response:
    """End a Checkout Session before its time."""

    def act(call: Call) -> Reply:
        check(checkout.SessionExpireParams, call.form, ())
        session = objects.get(call.connection, sessions.KIND, object_id, "session", lock=True)
        call.about.append(sessions.about(session))
        return Reply(200, sessions.expire(call.connection, call.world, session).body)

    return serve("sessions", act)


@blueprint.get("/setup_intents/<object_id>")
def retrieve_setup_intent(object_id: str) -> Response:
    """Tell a setup intent."""
    return _retrieve("setup_intents", params.SetupIntentRetrieveParams, "setup_intent", object_id)


@blueprint.get("/payment_methods/<object_id>")
def retrieve_method(object_id: str) -> Response:
    """Tell a payment method."""
    return _retrieve("payment_methods", params.PaymentMethodRetrieveParams, "payment_method", object_id)


@blueprint.post("/payment_methods/<object_id>/detach")
def detach_method(object_id: str) -> Response:
    """Take a payment method from its customer, for good."""

    def act(call: Call) -> Reply:
        check(params.PaymentMethodDetachParams, call.form, ())
        method = objects.get(call.connection, "payment_method", object_id, "payment_method", lock=True)
        if method.body["customer"] is None:
            raise errors.not_attached()
        objects.save(call.connection, method, customer=None)
        events.stage(call.connection, call.world, "payment_method.detached", method.body, method.id)
        return Reply(200, method.body)

    return serve("payment_methods", act)


@blueprint.post("/payment_intents")
def create_payment() -> Response:
    """Charge a stored card; a refusal of its bank is a 402 and leaves its intent behind.

    Off-session nobody is there to be asked; otherwise the bank may ask, and `return_url` is where its page leads back.
    """

    def act(call: Call) -> Reply:
        given = check(params.PaymentIntentCreateParams, call.form, CHARGE)
        method = _method_to_charge(call, given)
        told = {"amount": given["amount"], "currency": given["currency"], "metadata": given.get("metadata") or {}}
        told |= {"description": given.get("description")}
        intent = intents.new_payment(call.connection, call.world, given["customer"], **told)
        call.about.append(intent.id)
        error = intents.charge(call.connection, call.world, intent, method, given.get("return_url"))
        if error is None:
            return Reply(200, intent.body)
        return Reply(402, {"error": error | {"payment_intent": intent.body}})

    return serve("payment_intents", act)


def _method_to_charge(call: Call, given: dict[str, Any]) -> Thing:
    """The stored card that is to be charged, once everything about the charge is as it must be."""
    for name in ("customer", "payment_method"):
        if name not in given:
            raise errors.missing(name)
    if given.get("confirm") is not True:
        raise errors.not_honoured("confirm")
    if (given.get("off_session") is True) == ("return_url" in given):
        raise errors.not_honoured("off_session")
    minimum = sessions.MINIMUMS.get(given["currency"])
    if minimum is None:
        raise errors.invalid("currency", "one of " + ", ".join(sessions.MINIMUMS))
    if given["amount"] < minimum:
        raise errors.too_small(minimum, given["currency"])
    objects.get(call.connection, "customer", given["customer"], "customer")
    method = objects.get(call.connection, "payment_method", given["payment_method"], "payment_method", lock=True)
    if method.body["customer"] is None:
        raise errors.spent_method()
    if method.body["customer"] != given["customer"]:
        raise errors.method_of_another(method.id)
    return method


@blueprint.get("/payment_intents")
def list_payments() -> Response:
    """Tell a customer's newest payment intents."""

    def act(call: Call) -> Reply:
        given = check(params.PaymentIntentListParams, call.form, ("customer", "created", "limit"))
        if "customer" not in given:
            raise errors.not_honoured("a list without customer")
        limit = given.get("limit", 10)
        if not 1 <= limit <= 100:
            raise errors.invalid("limit", "an integer between 1 and 100")
        created = given.get("created", {})
        if not isinstance(created, dict) or set(created) - {"gte"}:
            raise errors.not_honoured("created")
        since = datetime.fromtimestamp(created["gte"], UTC) if created else None
        found = objects.listed(call.connection, "payment_intent", given["customer"], since, limit + 1)
        told = {"object": "list", "url": "/v1/payment_intents", "data": found[:limit], "has_more": len(found) > limit}
        return Reply(200, told)

    return serve("payment_intents", act)


@blueprint.get("/payment_intents/<object_id>")
def retrieve_payment(object_id: str) -> Response:
    """Tell a payment intent."""
    return _retrieve("payment_intents", params.PaymentIntentRetrieveParams, "payment_intent", object_id)


@blueprint.post("/payment_intents/<object_id>/cancel")
def cancel_payment(object_id: str) -> Response:
    """Give a payment intent up for good."""

    def act(call: Call) -> Reply:
        given = check(params.PaymentIntentCancelParams, call.form, ("cancellation_reason",))
        intent = objects.get(call.connection, "payment_intent", object_id, "intent", lock=True)
        if intent.body["status"] not in CANCELLABLE:
            raise errors.unexpected_state("cancel", intent.body["status"])
        now, reason = call.world.clock.now(), given.get("cancellation_reason")
        changes = {"status": "canceled", "canceled_at": int(now.timestamp()), "cancellation_reason": reason}
        objects.save(call.connection, intent, **changes)
        events.stage(call.connection, call.world, "payment_intent.canceled", intent.body, intent.id)
        return Reply(200, intent.body)

    return serve("payment_intents", act)


def _retrieve(endpoint: str, table: type, kind: str, object_id: str) -> Response:
    def act(call: Call) -> Reply:
        given = check(table, call.form, ("expand",))
        found = objects.get(call.connection, kind, object_id, "id")
        if kind == sessions.KIND:
            sessions.as_of(found, call.world.clock.now())
            call.about.append(sessions.about(found))
        return Reply(200, objects.expanded(call.connection, found.body, given.get("expand", [])))

    return serve(endpoint, act)
