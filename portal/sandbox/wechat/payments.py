"""How an order of the pretend WeChat Pay gets paid: by the wallet page or by the control interface, the same way.

One order takes one payment; a second phone is refused. Declining and cancelling leave the order unpaid and are
never notified, as at the real one.
"""

import secrets
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert, update

from portal.sandbox.clock import beijing
from portal.sandbox.database import orders, payments
from portal.sandbox.wechat.notify import Posting, stage
from portal.sandbox.wechat.orders import Order, describe, get

AFTER_DEADLINE = timedelta(seconds=1)


class PaymentRefused(Exception):
    """The wallet could not pay; `reason` is one of paid, closed, expired."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"this order is {reason}")
        self.reason = reason


@dataclass(frozen=True)
class Wish:
    """What is to be paid and told; None means as ordered.

    `late` looks past deadline and close, `again` past a payment made before.
    """

    posting: Posting = field(default_factory=Posting)
    openid: str | None = None
    amount: int | None = None
    currency: str | None = None
    mchid: str | None = None
    appid: str | None = None
    paid_at: datetime | None = None
    late: bool = False
    again: bool = False


def pay(connection: Connection, apiv3_key: bytes, order: Order, wish: Wish, now: datetime) -> dict[str, Any]:
    """Pay a locked order and stage its notice; gives what was booked. PaymentRefused when it cannot be paid."""
    _check(order, wish, now)
    payment = connection.execute(
        insert(payments)
        .values(
            order_id=order.id,
            transaction_id=new_transaction_id(now),
            mchid=wish.mchid or order.mchid,
            appid=wish.appid or order.appid,
            amount=order.amount if wish.amount is None else wish.amount,
            currency=wish.currency or order.currency,
            openid=wish.openid or new_openid(),
            bank_type="OTHERS",
            paid_at=wish.paid_at or now,
        )
        .returning(payments)
    ).one()
    connection.execute(update(orders).where(orders.c.id == order.id).values(state="SUCCESS"))
    paid = get(connection, order.mchid, order.order_no)
    event_id = stage(
        connection,
        apiv3_key,
        "TRANSACTION.SUCCESS",
        order.order_no,
        order.notify_url,
        describe(paid, payment),
        wish.posting,
        now,
    )
    return {
        "order": order.order_no,
        "transaction_id": payment.transaction_id,
        "amount": payment.amount,
        "currency": payment.currency,
        "paid_at": payment.paid_at.isoformat(),
        "event_id": event_id,
    }


def _check(order: Order, wish: Wish, now: datetime) -> None:
    if order.state == "SUCCESS" and not wish.again:
        raise PaymentRefused("paid")
    if wish.late:
        return
    if order.state == "CLOSED":
        raise PaymentRefused("closed")
    if (wish.paid_at or now) >= order.expires_at:
        raise PaymentRefused("expired")


def after_expiry(order: Order, wish: Wish, now: datetime) -> Wish:
    """The wish of a payer who was at the password page when the deadline passed: paid just after it, or now."""
    return replace(wish, late=True, paid_at=max(now, order.expires_at + AFTER_DEADLINE))


def new_transaction_id(now: datetime) -> str:
    """28 digits with the Beijing day in them, as the real ones have."""
    day = beijing(now)[:10].replace("-", "")
    return f"4200{secrets.randbelow(10**6):06d}{day}{secrets.randbelow(10**10):010d}"


def new_openid() -> str:
    """28 characters beginning with o: a payer as this app sees them."""
    return "o" + secrets.token_urlsafe(21)[:27]
