"""What money that came means for its attempt: compared field by field, then taken into the attempt once.

Only the doors of billing call this.
"""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import bindparam, select

from portal.kit.db import db, table_of
from portal.payments import transactions
from portal.payments.models import PaymentAttempt, PaymentSession
from portal.payments.providers.base import PaymentEvidence
from portal.payments.states import move


class Verdict(StrEnum):
    """How evidence compares with the attempt it names."""

    GOOD = "good"
    DUPLICATE = "duplicate"
    MISMATCH = "mismatch"
    TAKEN = "taken"


_ATTEMPT = table_of(PaymentAttempt).c
_OWNER = select(_ATTEMPT.id).where(
    _ATTEMPT.provider == bindparam("provider"), _ATTEMPT.provider_transaction_id == bindparam("transaction_id")
)


def judge(attempt: PaymentAttempt, evidence: PaymentEvidence) -> Verdict:
    """Compare evidence with a locked attempt: number, provider, amount and currency (reliability.md)."""
    if (attempt.provider, attempt.order_number) != (evidence.provider, evidence.order_number):
        return Verdict.TAKEN
    if attempt.status == "succeeded":
        is_same = attempt.provider_transaction_id == evidence.transaction_id
        return Verdict.DUPLICATE if is_same else Verdict.TAKEN
    named = {"provider": evidence.provider, "transaction_id": evidence.transaction_id}
    if db.execute(_OWNER, named).first() is not None:
        return Verdict.TAKEN
    if (attempt.amount, attempt.currency) != (evidence.amount, evidence.currency):
        return Verdict.MISMATCH
    return Verdict.GOOD


def is_late(session: PaymentSession, evidence: PaymentEvidence) -> bool:
    """Whether the payer paid after the session's end, by the provider's time: being told late is not paying late."""
    end = min(session.expires_at, session.ended_at or session.expires_at)
    return evidence.paid_at > end


def capture(
    session: PaymentSession, attempt: PaymentAttempt, evidence: PaymentEvidence, disposition: str, now: datetime
) -> None:
    """Take the money into the attempt, its session and its transaction; ``disposition`` says what became of it."""
    move(
        attempt,
        "succeeded",
        provider_transaction_id=evidence.transaction_id,
        captured_amount=evidence.amount,
        captured_currency=evidence.currency,
        captured_at=now,
        disposition=disposition,
    )
    transaction, ended_at = transactions.of_session(session.id), session.ended_at or now
    if disposition == "suspense":
        move(session, "review", ended_at=ended_at, failure="mismatch")
        transactions.close(transaction, "failed", "mismatch")
        return
    paid_late_at = evidence.paid_at if is_late(session, evidence) else None
    move(session, "paid", ended_at=ended_at, failure=None, paid_at=evidence.paid_at, paid_late_at=paid_late_at)
    transactions.complete(transaction, disposition, now)
