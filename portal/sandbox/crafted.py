"""Notices made to order for tests: good ones, wrong ones with good signatures, and forgeries of every kind.

They are sent at once and beside the schedule; the book does not change.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from portal.sandbox.clock import beijing
from portal.sandbox.control_input import BadInput
from portal.sandbox.database import notices
from portal.sandbox.deliveries import Envelope
from portal.sandbox.wechat.notify import event_body, new_event_id
from portal.sandbox.wechat.orders import Order, describe, payment_of
from portal.sandbox.wechat.payments import new_openid, new_transaction_id
from portal.sandbox.wechat.signing import SCHEME
from portal.sandbox.world import World

HOUR = 3600
HEADERS = (
    "Wechatpay-Timestamp",
    "Wechatpay-Nonce",
    "Wechatpay-Serial",
    "Wechatpay-Signature",
    "Wechatpay-Signature-Type",
)
Plain = dict[str, Any]

# Wrong facts under a good signature: what is told differs from the order.
WRONG_FACTS: dict[str, Callable[[Plain], Plain]] = {
    "other_merchant": lambda plain: plain | {"mchid": "1900000000"},
    "other_appid": lambda plain: plain | {"appid": "wx0000000000000000"},
    "unknown_order": lambda plain: plain | {"out_trade_no": f"unknown{secrets.token_hex(8)}"},
    "amount_more": lambda plain: plain | {"amount": plain["amount"] | {"total": plain["amount"]["total"] + 1}},
    "amount_less": lambda plain: plain | {"amount": plain["amount"] | {"total": plain["amount"]["total"] - 1}},
    "other_currency": lambda plain: plain | {"amount": plain["amount"] | {"currency": "JPY"}},
    "not_paid": lambda plain: plain | {"trade_state": "NOTPAY"},
    "empty": lambda plain: {},
}
FORGERIES = (
    "stale",
    "future",
    "tampered",
    "reserialised",
    "bad_signature",
    "unknown_serial",
    "hex_serial",
    "signtest",
    "missing_header",
    "no_headers",
    "other_type",
    "wrong_key",
    "not_json",
)
VARIANTS = ("ok", *WRONG_FACTS, *FORGERIES)


@dataclass(frozen=True)
class Crafted:
    """What to send: one variant, so many copies `gap` seconds apart, with the same event id or fresh ones."""

    order_no: str
    variant: str
    copies: int
    gap: float
    fresh_ids: bool
    header: str


def envelopes(world: World, connection: Connection, order: Order, wanted: Crafted) -> list[Envelope]:
    """The deliveries to be sent. A true notice needs a payment: `ok` for an unpaid order is 409."""
    payment = payment_of(connection, order)
    if payment is None and wanted.variant == "ok":
        raise BadInput("an order that is not paid has no true notice", 409)
    plain = describe(order, payment)
    if payment is None:
        plain |= _as_if_paid(world, order)
    if wanted.variant in WRONG_FACTS:
        plain = WRONG_FACTS[wanted.variant](plain)
    known = connection.scalar(select(notices.c.event_id).where(notices.c.order_no == order.order_no).limit(1))
    event_id = known if known and wanted.variant == "ok" else new_event_id(world.clock.now())
    made = []
    for _ in range(wanted.copies):
        if wanted.fresh_ids:
            event_id = new_event_id(world.clock.now())
        body, headers = _forge(world, wanted, _body(world, wanted, event_id, plain))
        made.append(Envelope(event_id, order.order_no, order.notify_url, body, headers, wanted.variant))
    return made


def _as_if_paid(world: World, order: Order) -> Plain:
    now = world.clock.now()
    return {
        "trade_state": "SUCCESS",
        "trade_state_desc": "支付成功",
        "trade_type": "NATIVE",
        "bank_type": "OTHERS",
        "transaction_id": new_transaction_id(now),
        "success_time": beijing(now),
        "payer": {"openid": new_openid()},
        "amount": {
            "total": order.amount,
            "payer_total": order.amount,
            "currency": order.currency,
            "payer_currency": order.currency,
        },
    }


def _body(world: World, wanted: Crafted, event_id: str, plain: Plain) -> bytes:
    key = secrets.token_hex(16).encode() if wanted.variant == "wrong_key" else world.keyring.apiv3_key
    if wanted.variant == "not_json":
        return b"<xml>SUCCESS</xml>"
    return event_body(key, event_id, "TRANSACTION.SUCCESS", plain, world.clock.now()).encode()


def _forge(world: World, wanted: Crafted, body: bytes) -> tuple[bytes, dict[str, str]]:
    shift = {"stale": -HOUR, "future": HOUR}.get(wanted.variant, 0)
    headers = world.courier.platform_signature(body, shift)
    signature = headers["Wechatpay-Signature"]
    changes = {
        "bad_signature": {"Wechatpay-Signature": _flip(signature)},
        "unknown_serial": {"Wechatpay-Serial": "PUB_KEY_ID_0000000000000000000000000000000000"},
        "hex_serial": {"Wechatpay-Serial": "5157F09EFDC096DE15EBE81A47057A7232F1B8E1"},
        "signtest": {"Wechatpay-Signature": "WECHATPAY/SIGNTEST/" + signature[:300]},
        "other_type": {"Wechatpay-Signature-Type": SCHEME.replace("2048", "1024")},
    }
    headers |= changes.get(wanted.variant, {})
    if wanted.variant == "missing_header":
        del headers[wanted.header]
    if wanted.variant == "no_headers":
        headers = {}
    if wanted.variant == "tampered":
        body = body.replace(b'"EV-', b'"EW-', 1)
    if wanted.variant == "reserialised":
        body = json.dumps(json.loads(body), indent=1).encode()
    return body, headers


def _flip(signature: str) -> str:
    """The same signature with its first letter changed: still base64, no longer true."""
    return ("B" if signature[0] == "A" else "A") + signature[1:]


def told(row: dict[str, Any]) -> dict[str, Any]:
    """A delivery as the control interface tells it."""
    return {name: row[name] for name in ("event_id", "variant", "status", "answer", "took_ms")}
