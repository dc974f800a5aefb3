"""The provider's own book: what was paid and refunded here, to be compared with the product's ledger."""

from collections import Counter
from typing import Any

from sqlalchemy import Engine, select

from portal.sandbox.database import orders, payments, refunds


def read(engine: Engine) -> dict[str, Any]:
    """Per provider all payments and refunds, and totals per currency in minor units."""
    with engine.connect() as connection:
        paid = connection.execute(
            select(orders.c.provider, orders.c.order_no, payments).join_from(payments, orders).order_by(payments.c.id)
        ).all()
        returned = connection.execute(
            select(orders.c.order_no, payments.c.transaction_id, refunds)
            .select_from(refunds.join(payments).join(orders))
            .order_by(refunds.c.id)
        ).all()
    totals: Counter[str] = Counter()
    refunded: Counter[str] = Counter()
    for row in paid:
        totals[row.currency] += row.amount
    for row in returned:
        refunded[row.currency] += row.amount
    return {
        "wechat_pay": {
            "payments": [
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
            ],
            "refunds": [
                {
                    "order": row.order_no,
                    "transaction_id": row.transaction_id,
                    "refund": row.refund_no,
                    "amount": row.amount,
                    "currency": row.currency,
                    "status": row.status,
                }
                for row in returned
            ],
            "totals": dict(totals),
            "refunded": dict(refunded),
        }
    }
