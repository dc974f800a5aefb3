"""The control interface of tests and demonstrations, guarded by X-Sandbox-Token: it plays the payer and the fates.

Bad input is answered with a 4xx and a sentence; it never touches the product directly.
"""

import hmac
from dataclasses import asdict
from typing import Any

from flask import Blueprint, request
from sqlalchemy import Connection

from portal.sandbox import book as books
from portal.sandbox import crafted, database, faults, log, outbox
from portal.sandbox.clock import wall
from portal.sandbox.control_input import BadInput, Fields
from portal.sandbox.stripe import objects
from portal.sandbox.stripe.cards import DECLINES
from portal.sandbox.wechat import orders
from portal.sandbox.wechat.errors import Refusal
from portal.sandbox.wechat.notify import Posting
from portal.sandbox.wechat.payments import PaymentRefused, Wish, pay
from portal.sandbox.wechat.validation import LARGEST_NUMBER
from portal.sandbox.world import world

blueprint = Blueprint("control", __name__, url_prefix="/_ctl")
Answer = dict[str, Any] | tuple[dict[str, Any], int]
MOST_COPIES = 100
MOST_MAILS = 100
SETTLE_SECONDS = 60
SLACK_SECONDS = 0.05
"""So little behind is not behind: whoever follows another clock counts in rounded figures."""


@blueprint.before_request
def guard() -> Answer | None:
    """Only who holds the token comes in."""
    token = request.headers.get("X-Sandbox-Token", "")
    if hmac.compare_digest(token.encode(), world().settings.token.encode()):
        return None
    return {"error": "X-Sandbox-Token is missing or wrong"}, 401


@blueprint.errorhandler(BadInput)
def bad_input(problem: BadInput) -> Answer:
    """A sentence about what was wrong."""
    return {"error": problem.message}, problem.status


@blueprint.post("/pay")
def pay_order() -> Answer:
    """Pay an order as a payer would; amount, currency, mchid, appid and paid_at may be made to differ."""
    here, fields = world(), Fields(request.get_data())
    order_no = fields.required("order")
    wish = Wish(
        posting=_posting(fields),
        openid=fields.text("openid"),
        amount=fields.whole("amount", None, 1, LARGEST_NUMBER),
        currency=fields.text("currency"),
        mchid=fields.text("mchid"),
        appid=fields.text("appid"),
        paid_at=fields.instant("paid_at"),
        late=fields.flag("late"),
        again=fields.flag("again"),
    )
    fields.done()
    with here.engine.begin() as connection:
        order = _order(connection, order_no, lock=True)
        try:
            booked = pay(connection, here.keyring.apiv3_key, order, wish, here.clock.now())
        except PaymentRefused as refused:
            raise BadInput(str(refused), 409) from None
    here.courier.wake()
    return booked


def _posting(fields: Fields) -> Posting:
    return Posting(
        delay=fields.seconds("delay", 0) or 0,
        copies=fields.whole("copies", 1, 1, MOST_COPIES) or 1,
        gap=fields.seconds("gap", 1, 60) or 0,
        lose=fields.flag("lose"),
    )


@blueprint.post("/decline")
def decline() -> Answer:
    """The payer's bank says no: nothing is sent and the order stays unpaid, as at the real one."""
    return _unpaid("declined")


@blueprint.post("/cancel")
def cancel() -> Answer:
    """The payer turns away: nothing is sent and the order stays unpaid."""
    return _unpaid("cancelled")


def _unpaid(what: str) -> Answer:
    fields = Fields(request.get_data())
    order_no = fields.required("order")
    fields.done()
    with world().engine.connect() as connection:
        state = _order(connection, order_no).state
    return {"order": order_no, "outcome": what, "trade_state": state}


@blueprint.get("/clock")
def clock() -> Answer:
    """Business time, wall time and the seconds between them."""
    here = world()
    return {"now": here.clock.now().isoformat(), "wall": wall().isoformat(), "offset": here.clock.offset}


@blueprint.post("/clock")
def move_clock() -> Answer:
    """Move business time forward by `advance` seconds, or until it is so many `ahead` of wall time if it is not yet;
    with `settle`, answer when all that fell due because of that was delivered."""
    here, fields = world(), Fields(request.get_data())
    advance, ahead, settle = fields.seconds("advance", 0) or 0, fields.seconds("ahead", None), fields.flag("settle")
    fields.done()
    if ahead is not None:
        advance = ahead - here.clock.offset
        if advance <= SLACK_SECONDS:
            return clock()
    try:
        here.clock.advance(advance)
    except ValueError as problem:
        raise BadInput(str(problem)) from None
    here.courier.wake()
    if settle and not here.courier.settle(SETTLE_SECONDS):
        raise BadInput("deliveries are still under way", 409)
    return clock()


@blueprint.post("/fault")
def fault() -> Answer:
    """Lay a fault down for an endpoint, or take all away with mode `none`."""
    here, fields = world(), Fields(request.get_data())
    provider = fields.text("provider", "wechat_pay", choices=tuple(faults.ENDPOINTS)) or ""
    mode = fields.required("mode", choices=(*faults.MODES[provider], "none"))
    endpoint = fields.text("endpoint", faults.ENDPOINTS[provider][0], choices=faults.ENDPOINTS[provider]) or ""
    laid = faults.Fault(mode, fields.flag("after"), fields.seconds("hold", 30, 120) or 0)
    seconds = fields.seconds("seconds", None)
    count = fields.whole("count", None if seconds is not None else 1, 1, 1_000_000)
    fields.done()
    if mode == "none":
        faults.clear(here.engine)
        return {"faults": "cleared"}
    faults.lay(here.engine, provider, endpoint, laid, count, seconds)
    return {"provider": provider, "endpoint": endpoint, "count": count, "seconds": seconds, **asdict(laid)}


@blueprint.post("/rotate")
def rotate() -> Answer:
    """Bring a new platform key into force; notices are signed with it, answers with the key the merchant asks for."""
    here, fields = world(), Fields(request.get_data())
    fields.text("provider", "wechat_pay", choices=("wechat_pay",))
    fields.done()
    key_id = here.keyring.add_platform_key()
    here.switches.set("platform_key_id", key_id)
    return {"public_key_id": key_id, "public_key": here.keyring.public_text(key_id)}


@blueprint.post("/switch")
def switch() -> Answer:
    """Choose the form of code_url (wallet or weixin), how young an order may be closed (0 or 300 seconds), where Stripe
    sends its events, and in how many copies (0 loses them)."""
    here, fields = world(), Fields(request.get_data())
    wanted = {
        "code_url": fields.text("code_url", choices=("wallet", "weixin")),
        "close_after_seconds": fields.whole("close_after_seconds", None, 0, 86400),
        "stripe_webhook_url": fields.text("stripe_webhook_url"),
        "stripe_copies": fields.whole("stripe_copies", None, 0, MOST_COPIES),
    }
    fields.done()
    for name, value in wanted.items():
        if value is not None:
            here.switches.set(name, value)
    return {name: here.switches.get(name) for name in wanted}


@blueprint.post("/bank")
def bank() -> Answer:
    """Let a stored card's bank answer every off-session charge so from now on; `card` leaves it to the card again."""
    here, fields = world(), Fields(request.get_data())
    method_id = fields.required("payment_method")
    says = fields.required("says", choices=("ok", "card", *DECLINES))
    fields.done()
    with here.engine.begin() as connection:
        method = objects.find(connection, "payment_method", method_id, lock=True)
        if method is None:
            raise BadInput(f"no payment method {method_id}", 404)
        method.secret["bank"] = None if says == "card" else says
        objects.save(connection, method)
    return {"payment_method": method_id, "says": says}


@blueprint.post("/notify")
def notify() -> Answer:
    """Send a crafted notice now and answer with the statuses got (crafted.py tells the variants)."""
    here, fields = world(), Fields(request.get_data())
    wanted = crafted.Crafted(
        order_no=fields.required("order"),
        variant=fields.text("variant", "ok", choices=crafted.VARIANTS) or "ok",
        copies=fields.whole("copies", 1, 1, MOST_COPIES) or 1,
        gap=fields.seconds("gap", 0, 60) or 0,
        fresh_ids=fields.flag("fresh_ids"),
        header=fields.text("header", "Wechatpay-Signature", choices=crafted.HEADERS) or "",
    )
    fields.done()
    with here.engine.connect() as connection:
        order = _order(connection, wanted.order_no)
        envelopes = crafted.envelopes(here, connection, order, wanted)
    return {"deliveries": [crafted.told(row) for row in here.courier.send_copies(envelopes, wanted.gap)]}


@blueprint.get("/log")
def read_log() -> Answer:
    """Every request with its verdict and every delivery with the status got; ?order= for one order's."""
    return dict(log.read(world().engine, database.clean(request.args.get("order", "")) or None))


@blueprint.get("/acknowledged")
def read_acknowledged() -> Answer:
    """The ids of all notices that the merchant took: what it must never lose."""
    return {"events": log.acknowledged(world().engine)}


@blueprint.get("/book")
def book() -> Answer:
    """The provider's own book."""
    return books.read(world().engine)


@blueprint.get("/outbox")
def read_outbox() -> Answer:
    """The newest mails with their text, HTML and links; ?to= for one recipient's."""
    return {"mails": [outbox.told(row) for row in outbox.read(database.clean(request.args.get("to", "")), MOST_MAILS)]}


@blueprint.post("/reset")
def reset() -> Answer:
    """Forget everything: orders, payments, notices, mails, faults, log and clock. Keys stay."""
    here = world()
    database.empty(here.engine)
    here.switches.reread()
    here.clock.reread()
    here.courier.settle(SETTLE_SECONDS)
    database.empty(here.engine)
    return {"reset": True}


def _order(connection: Connection, order_no: str, *, lock: bool = False) -> orders.Order:
    try:
        return orders.get(connection, world().keyring.mchid, order_no, lock=lock)
    except Refusal:
        raise BadInput(f"no order {order_no}", 404) from None
