"""The wallet page that a phone opens from the QR code: server-rendered, without JavaScript, in two languages.

The token in the address is the whole permission. The first phone to open it keeps it, as at the real one.
"""

import re
from datetime import datetime
from threading import Thread

from flask import Blueprint, Response, make_response, redirect, render_template, request, url_for
from sqlalchemy import Connection, select, update

from portal.sandbox.clock import beijing
from portal.sandbox.database import codes, orders
from portal.sandbox.wechat.notify import Posting
from portal.sandbox.wechat.orders import CODE_LIFE, Order
from portal.sandbox.wechat.payments import PaymentRefused, Wish, after_expiry, new_openid, pay
from portal.sandbox.words import words
from portal.sandbox.world import World, world

blueprint = Blueprint("wallet", __name__)
TOKEN = re.compile(r"[0-9A-Za-z_-]{22}")
PAYER = re.compile(r"o[0-9A-Za-z_-]{27}")
STATES = {"NOTPAY": "open", "SUCCESS": "paid", "CLOSED": "closed"}
RESULTS = ("declined", "insufficient", "cancelled", "late", "twice")
STATUSES = {"missing": 404, "replaced": 410, "taken": 409}


@blueprint.get("/")
def home() -> str:
    """What this place is, for who finds it."""
    return render_template("home.html", words=words())


@blueprint.get("/w/<token>")
def show(token: str) -> Response:
    """The order behind a code, with the buttons of the payer, or what came of the button pressed."""
    payer, result = _payer(), request.args.get("result", "")
    # Who has just cancelled must not take the code again by being told so.
    order, state = scan(world(), token, payer, claim=result != "cancelled")
    outcome = result if result in RESULTS and state in ("open", "paid") else state
    page = render_template(
        "wallet.html",
        words=words(),
        order=order,
        state=state,
        outcome=outcome,
        amount=f"¥{order.amount // 100}.{order.amount % 100:02d}" if order else "",
        deadline=beijing(order.expires_at)[:16].replace("T", " ") if order else "",
        address=url_for("wallet.show", token=token),
    )
    return _remember(payer, make_response(page, STATUSES.get(state, 200)))


@blueprint.post("/w/<token>")
def act(token: str) -> Response:
    """What the payer pressed; then back to the page, which tells what came of it."""
    payer, button = _payer(), request.form.get("button", "")
    _, state = scan(world(), token, payer)
    result = press(world(), token, payer, button) if state not in STATUSES else ""
    target = url_for("wallet.show", token=token, result=result or None)
    return _remember(payer, make_response(redirect(target, 303)))


def press(here: World, token: str, payer: str, button: str) -> str:
    """Do what a button says; gives the result to be shown, empty when the order's state tells it already."""
    if button == "pay":
        return pay_code(here, token, payer)
    if button == "late":
        return pay_code(here, token, payer, late=True)
    if button == "twice":
        return _pay_twice(here, token, payer)
    if button == "cancel":
        with here.engine.begin() as connection:
            ours = select(codes.c.order_id).where(codes.c.token == token)
            connection.execute(update(orders).where(orders.c.id.in_(ours)).values(claimed_by=None))
        return "cancelled"
    return {"decline": "declined", "insufficient": "insufficient"}.get(button, "")


def _payer() -> str:
    known = request.cookies.get("payer", "")
    return known if PAYER.fullmatch(known) else new_openid()


def _remember(payer: str, response: Response) -> Response:
    response.set_cookie("payer", payer, max_age=86400, path="/w", httponly=True, samesite="Lax")
    return response


def scan(here: World, token: str, payer: str, *, claim: bool = True) -> tuple[Order | None, str]:
    """The order of a code as this payer may see it: open, paid, closed, expired; or missing, replaced, taken."""
    with here.engine.begin() as connection:
        return _scan(connection, token, payer, here.clock.now(), claim)


def _scan(
    connection: Connection, token: str, payer: str, now: datetime, claim: bool = True
) -> tuple[Order | None, str]:
    code = None
    if TOKEN.fullmatch(token):
        code = connection.execute(select(codes).where(codes.c.token == token)).one_or_none()
    if code is None:
        return None, "missing"
    order = connection.execute(select(orders).where(orders.c.id == code.order_id).with_for_update()).one()
    state = STATES[order.state]
    if state == "open" and order.expires_at <= now:
        state = "expired"
    if state == "open" and (code.replaced or code.issued_at + CODE_LIFE <= now):
        return None, "replaced"
    if order.claimed_by not in (None, payer):
        return None, "taken"
    if claim:
        connection.execute(update(orders).where(orders.c.id == order.id).values(claimed_by=payer))
    return order, state


def pay_code(
    here: World, token: str, payer: str, *, late: bool = False, openid: str | None = None, copies: int = 1
) -> str:
    """Pay the order of a code; gives `late` when it was paid after expiry, empty otherwise or when refused."""
    now = here.clock.now()
    wish = Wish(posting=Posting(copies=copies), openid=openid or payer)
    try:
        with here.engine.begin() as connection:
            order, _ = _scan(connection, token, payer, now)
            if order is None:
                return ""
            pay(connection, here.keyring.apiv3_key, order, after_expiry(order, wish, now) if late else wish, now)
    except PaymentRefused:
        return ""
    here.courier.wake()
    return "late" if late else ""


def _pay_twice(here: World, token: str, payer: str) -> str:
    """Two phones at the password page at once: both press, the order takes one payment, told in two copies."""
    phones = [
        Thread(target=pay_code, args=(here, token, payer), kwargs={"openid": openid, "copies": 2})
        for openid in (payer, new_openid())
    ]
    for phone in phones:
        phone.start()
    for phone in phones:
        phone.join()
    return "twice"
