"""The bank's page that a charge of a stored card leads its cardholder to: is it you?

The intent's id in the address is the whole permission, and nothing is typed here.
"""

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection

from portal.sandbox.stripe import intents, objects
from portal.sandbox.stripe.objects import Thing
from portal.sandbox.words import words
from portal.sandbox.world import world

blueprint = Blueprint("bank", __name__, url_prefix="/c/bank/<intent_id>")
STATES = {"requires_action": "asks", "succeeded": "complete", "requires_payment_method": "open"}
"""What the page shows of an intent that was asked about; any other has ended."""


@blueprint.get("")
def show(intent_id: str) -> Response:
    """The bank's question, or what came of it."""
    with world().engine.connect() as connection:
        intent = _find(connection, intent_id)
    state = STATES.get(intent.body["status"], "expired") if intent else "missing"
    page = render_template(
        "checkout.html",
        words=words(),
        state="refused" if state == "open" else state,
        mode="payment",
        amount="",
        problem="not_authenticated" if state == "open" else "",
        address=url_for("bank.show", intent_id=intent_id),
        back=intent.secret["return_url"] if intent and state != "asks" else None,
    )
    return make_response(page, {"missing": 404, "expired": 410}.get(state, 200))


@blueprint.post("")
def act(intent_id: str) -> Response:
    """The answer to the bank's question; then back to the page, which tells what came."""
    here, button = world(), request.form.get("button", "")
    with here.engine.begin() as connection:
        intent = _find(connection, intent_id, lock=True)
        if intent and intent.body["status"] == "requires_action" and button in ("complete", "fail"):
            intents.authenticate(connection, here, intent, button == "complete")
    here.courier.wake()
    return make_response(redirect(url_for("bank.show", intent_id=intent_id), 303))


def _find(connection: Connection, intent_id: str, *, lock: bool = False) -> Thing | None:
    """The intent, where it ever led to this page."""
    found = objects.find(connection, "payment_intent", intent_id, lock=lock)
    return found if found and "return_url" in found.secret else None
