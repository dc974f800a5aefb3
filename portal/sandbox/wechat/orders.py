"""Orders of the pretend WeChat Pay: made, asked for again, looked up and closed, in its own book.

How an order gets paid is payments.py's; nothing here sends anything.
"""

import re
import secrets
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from portal.sandbox.clock import beijing
from portal.sandbox.database import codes, orders, payments
from portal.sandbox.wechat import errors

PROVIDER = "wechat_pay"
CODE_LIFE = timedelta(hours=2)
DEFAULT_LIFE = timedelta(days=7)
LONGEST_LIFE = timedelta(days=90)
SHORTEST_LIFE = timedelta(minutes=1)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?(Z|[+-]\d\d:\d\d)", re.ASCII)
STATE_WORDS = {"NOTPAY": "订单未支付", "SUCCESS": "支付成功", "CLOSED": "订单已关闭"}

Order = Row[Any]
Payment = Row[Any]


def place(connection: Connection, parameters: dict[str, Any], now: datetime) -> str:
    """Make the order, or take it again when it is known with the same parameters; gives the new code's token.

    A new code replaces the old one (providers.md §1.5). `parameters` have been checked field by field.
    """
    known = find(connection, parameters["mchid"], parameters["out_trade_no"], lock=True)
    if known is None:
        known = _create(connection, parameters, now)
    elif known.parameters != parameters:
        raise errors.different_reentry()
    elif known.state == "SUCCESS":
        raise errors.order_paid(268498689)
    elif known.state == "CLOSED":
        raise errors.order_closed()
    elif known.expires_at <= now:
        raise errors.order_expired()
    connection.execute(update(codes).where(codes.c.order_id == known.id).values(replaced=True))
    connection.execute(update(orders).where(orders.c.id == known.id).values(claimed_by=None))
    token = secrets.token_urlsafe(16)
    connection.execute(insert(codes).values(token=token, order_id=known.id, issued_at=now, replaced=False))
    return token


def _create(connection: Connection, parameters: dict[str, Any], now: datetime) -> Order:
    amount = parameters["amount"]
    currency = amount.get("currency", "CNY")
    if currency != "CNY":
        raise errors.bad_parameter("/amount/currency", "a mainland merchant takes CNY only", currency)
    values = {
        "provider": PROVIDER,
        "mchid": parameters["mchid"],
        "appid": parameters["appid"],
        "order_no": parameters["out_trade_no"],
        "parameters": parameters,
        "description": parameters["description"],
        "amount": amount["total"],
        "currency": currency,
        "notify_url": parameters["notify_url"],
        "state": "NOTPAY",
        "created_at": now,
        "expires_at": deadline(parameters.get("time_expire"), now),
    }
    return connection.execute(insert(orders).values(values).returning(orders)).one()


def deadline(text: str | None, now: datetime) -> datetime:
    """The payment deadline asked for by time_expire: RFC 3339, in the future, at most 90 days away.

    Less than a minute is raised to a minute; none means 7 days.
    """
    if text is None:
        return now + DEFAULT_LIFE
    try:
        instant = datetime.fromisoformat(text) if _INSTANT.fullmatch(text) else None
    except ValueError:
        instant = None
    if instant is None:
        raise errors.bad_parameter("/time_expire", "must be RFC 3339 with a time zone", text)
    if instant <= now:
        raise errors.out_of_range("/time_expire", "must be in the future", text)
    if instant > now + LONGEST_LIFE:
        raise errors.out_of_range("/time_expire", "must be within 90 days", text)
    return max(instant.astimezone(UTC), now + SHORTEST_LIFE)


def find(connection: Connection, mchid: str, order_no: str, *, lock: bool = False) -> Order | None:
    """The merchant's order of this number, or None; `lock` holds its row until the transaction ends."""
    wanted = select(orders).where(orders.c.provider == PROVIDER, orders.c.mchid == mchid, orders.c.order_no == order_no)
    return connection.execute(wanted.with_for_update() if lock else wanted).one_or_none()


def get(connection: Connection, mchid: str, order_no: str, *, lock: bool = False) -> Order:
    """Like find, but refuses with ORDER_NOT_EXIST."""
    order = find(connection, mchid, order_no, lock=lock)
    if order is None:
        raise errors.order_unknown()
    return order


def close(connection: Connection, mchid: str, order_no: str, close_after_seconds: int, now: datetime) -> None:
    """Close an unpaid order, again and again if asked; ORDER_PAID when money came first."""
    order = get(connection, mchid, order_no, lock=True)
    if order.state == "SUCCESS":
        raise errors.order_paid()
    if order.state == "NOTPAY" and now < order.created_at + timedelta(seconds=close_after_seconds):
        raise errors.close_too_early(close_after_seconds)
    connection.execute(update(orders).where(orders.c.id == order.id).values(state="CLOSED"))


def payment_of(connection: Connection, order: Order) -> Payment | None:
    """The order's first payment, or None."""
    wanted = select(payments).where(payments.c.order_id == order.id).order_by(payments.c.id).limit(1)
    return connection.execute(wanted).one_or_none()


def order_of_transaction(connection: Connection, transaction_id: str) -> tuple[Order, Payment]:
    """The order and payment of a WeChat Pay transaction number; refuses with ORDER_NOT_EXIST."""
    payment = connection.execute(select(payments).where(payments.c.transaction_id == transaction_id)).one_or_none()
    if payment is None:
        raise errors.order_unknown()
    return connection.execute(select(orders).where(orders.c.id == payment.order_id)).one(), payment


def describe(order: Order, payment: Payment | None) -> dict[str, Any]:
    """What a query answers and what a notice holds, in the real form (providers.md §1.7)."""
    told: dict[str, Any] = {
        "appid": order.appid,
        "mchid": order.mchid,
        "out_trade_no": order.order_no,
        "trade_state": order.state,
        "trade_state_desc": STATE_WORDS[order.state],
        "attach": order.parameters.get("attach", ""),
        "promotion_detail": [],
        "amount": {"total": order.amount, "currency": order.currency},
    }
    if payment is None:
        return told
    return told | {
        "appid": payment.appid,
        "mchid": payment.mchid,
        "transaction_id": payment.transaction_id,
        "trade_type": "NATIVE",
        "bank_type": payment.bank_type,
        "success_time": beijing(payment.paid_at),
        "payer": {"openid": payment.openid},
        "amount": {
            "total": payment.amount,
            "payer_total": payment.amount,
            "currency": payment.currency,
            "payer_currency": payment.currency,
        },
    }
