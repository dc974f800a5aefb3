"""The hosted page of Checkout and the bank's question: server-rendered, without JavaScript, in two languages.

The session's id in the address is the whole permission. The number that is typed is looked at and dropped.
"""

from typing import Any

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection

from portal.sandbox.stripe import cards, objects, sessions
from portal.sandbox.stripe.objects import Thing
from portal.sandbox.words import words
from portal.sandbox.world import World, world

blueprint = Blueprint("checkout", __name__, url_prefix="/c/pay/<session_id>")
STATUSES = {"missing": 404, "expired": 410}
WITHOUT_PARTS = {"jpy"}
SIGNS = {"gbp": "£", "eur": "€", "usd": "$", "cny": "¥", "hkd": "HK$", "jpy": "¥"}


@blueprint.get("")
def show(session_id: str) -> Response:
    """The card form, the bank's question, or what came of them."""
    here = world()
    with here.engine.connect() as connection:
        return _page(connection, _find(connection, here, session_id))


@blueprint.post("")
def act(session_id: str) -> Response:
    """The card that was typed, or the answer to the bank's question; then back to the page, which tells what came."""
    here, button = world(), request.form.get("button", "")
    with here.engine.begin() as connection:
        session = _find(connection, here, session_id, lock=True)
        state = _state(session)
        if session and state == "asks" and button in ("complete", "fail"):
            sessions.authenticate(connection, here, session, button == "complete")
        elif session and state == "open" and button == "use":
            try:
                typed = _typed(here)
            except cards.Unreadable as unreadable:
                return _page(connection, session, unreadable.code)
            sessions.use_card(connection, here, session, typed)
    here.courier.wake()
    return make_response(redirect(url_for("checkout.show", session_id=session_id), 303))


def _typed(here: World) -> cards.Typed:
    number, expiry, cvc = (request.form.get(name, "") for name in ("number", "expiry", "cvc"))
    return cards.read(number, expiry, cvc, here.clock.now().date())


def _find(connection: Connection, here: World, session_id: str, *, lock: bool = False) -> Thing | None:
    found = objects.find(connection, sessions.KIND, session_id, lock=lock)
    return sessions.as_of(found, here.clock.now()) if found else None


def _state(session: Thing | None) -> str:
    """What the page shows: open, asks (the bank wants its cardholder), complete, expired or missing."""
    if session is None:
        return "missing"
    return "asks" if session.body["status"] == "open" and session.secret["waits"] else str(session.body["status"])


def _page(connection: Connection, session: Thing | None, problem: str = "") -> Response:
    state = _state(session)
    status = 422 if problem else STATUSES.get(state, 200)
    page = render_template(
        "checkout.html",
        words=words(),
        state=state,
        mode=session.body["mode"] if session else "",
        amount=_amount(session.body) if session else "",
        problem=problem or _refusal(connection, session),
        address=url_for("checkout.show", session_id=session.id) if session else "",
        back=_back(session) if session else None,
    )
    return make_response(page, status)


def _refusal(connection: Connection, session: Thing | None) -> str:
    """Why the last card did not do, as the words of the page name it; empty where none was tried or all is well."""
    if session is None or session.body["status"] != "open":
        return ""
    kind = "setup_intent" if session.body["mode"] == "setup" else "payment_intent"
    intent = objects.find(connection, kind, session.body[kind] or "")
    error = intent.body.get("last_setup_error") or intent.body.get("last_payment_error") if intent else None
    if not error or intent is None or intent.body["status"] == "requires_action":
        return ""
    return str(error.get("decline_code") or "not_authenticated")


def _amount(told: dict[str, Any]) -> str:
    if told["amount_total"] is None:
        return ""
    whole, parts = divmod(told["amount_total"], 1 if told["currency"] in WITHOUT_PARTS else 100)
    sign = SIGNS[told["currency"]]
    return f"{sign}{whole}" if told["currency"] in WITHOUT_PARTS else f"{sign}{whole}.{parts:02d}"


def _back(session: Thing) -> str | None:
    """Where the page leads back to: success_url once it is done, else cancel_url if there is one."""
    if session.body["status"] == "complete":
        return str(session.body["success_url"]).replace("{CHECKOUT_SESSION_ID}", session.id)
    return str(session.body["cancel_url"]) if session.body["cancel_url"] else None
