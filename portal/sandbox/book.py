"""The providers' own book: what was paid here, to be compared with the product's ledger."""

from collections import Counter
from typing import Any

from sqlalchemy import Engine, select

from portal.sandbox.database import orders, payments, stripe_objects


def read(engine: Engine) -> dict[str, Any]:
    """Per provider all payments in order, and totals per currency in minor units."""
    return {"wechat_pay": _told(_paid_orders(engine)), "stripe": _told(_paid_intents(engine))}


def _told(paid: list[dict[str, Any]]) -> dict[str, Any]:
    totals: Counter[str] = Counter()
    for payment in paid:
        totals[payment["currency"]] += payment["amount"]
    return {"payments": paid, "totals": dict(totals)}


def _paid_orders(engine: Engine) -> list[dict[str, Any]]:
    wanted = select(orders.c.order_no, payments).join_from(payments, orders).order_by(payments.c.id)
    with engine.connect() as connection:
        rows = connection.execute(wanted).all()
    return [
        {
            "order": row.order_no,
            "transaction_id": row.transaction_id,
            "mchid": row.mchid,
            "appid": row.appid,
            "amount": row.amount,
            "currency": row.currency,
            "paid_at": row.paid_at.isoformat(),
        }
        for row in rows
    ]


def _paid_intents(engine: Engine) -> list[dict[str, Any]]:
    wanted = select(stripe_objects).where(
        stripe_objects.c.kind == "payment_intent", stripe_objects.c.body["status"].astext == "succeeded"
    )
    with engine.connect() as connection:
        rows = connection.execute(wanted.order_by(stripe_objects.c.created_at, stripe_objects.c.id)).all()
    return [
        {
            "order": row.body["metadata"].get("order_number"),
            "transaction_id": row.id,
            "customer": row.customer,
            "amount": row.body["amount_received"],
            "currency": row.body["currency"].upper(),
            "paid_at": row.secret["paid_at"],
        }
        for row in rows
    ]
