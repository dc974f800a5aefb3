"""The provider's own book: what was paid here, to be compared with the product's ledger."""

from collections import Counter
from typing import Any

from sqlalchemy import Engine, select

from portal.sandbox.database import orders, payments


def read(engine: Engine) -> dict[str, Any]:
    """Per provider all payments in order, and totals per currency in minor units."""
    wanted = select(orders.c.order_no, payments).join_from(payments, orders).order_by(payments.c.id)
    with engine.connect() as connection:
        paid = connection.execute(wanted).all()
    totals: Counter[str] = Counter()
    for row in paid:
        totals[row.currency] += row.amount
    told = [
        {
            "order": row.order_no,
            "transaction_id": row.transaction_id,
            "mchid": row.mchid,
            "appid": row.appid,
            "amount": row.amount,
            "currency": row.currency,
            "paid_at": row.paid_at.isoformat(),
        }
        for row in paid
    ]
    return {"wechat_pay": {"payments": told, "totals": dict(totals)}}
