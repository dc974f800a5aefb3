"""Money that must go back: requested here under our own number; approval and sending come with the console."""

from datetime import datetime

from portal.kit import ids
from portal.kit.db import db
from portal.payments.models import PaymentAttempt, PaymentRefund, PaymentSession


def request_excess(session: PaymentSession, attempt: PaymentAttempt, now: datetime) -> PaymentRefund:
    """Ask that everything a locked attempt caught goes back, because its invoice was paid already.

    The attempt's counter reserves the amount; the database refuses more than was paid.
    """
    amount = (attempt.captured_amount or 0) - attempt.refund_amount
    attempt.refund_amount += amount
    refund = PaymentRefund(
        public_id=ids.public_id("re"),
        customer_id=session.customer_id,
        attempt_id=attempt.id,
        session_id=session.id,
        refund_number=f"RF{ids.random_text(22)}",
        amount=amount,
        currency=attempt.captured_currency or attempt.currency,
        reason="paid_twice",
        created_at=now,
    )
    db.add(refund)
    db.flush()
    return refund
