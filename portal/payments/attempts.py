"""Attempts: one order at a provider each, with our own number committed before the provider hears of it."""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import bindparam, func, select
from sqlalchemy.dialects.postgresql import insert

from portal.kit import clock, ids, jobs
from portal.kit.db import FRESH, db, table_of
from portal.kit.money import Money
from portal.payments import watch
from portal.payments.errors import AttemptUnresolved
from portal.payments.models import PaymentAttempt, PaymentSession, ProviderCall
from portal.payments.providers.base import Answer, PaymentEvidence, Result
from portal.payments.queries import attempt_of
from portal.payments.states import LIVE_ATTEMPT, move

REQUEST_CHARGE = "payments.request_charge"
LOOK = "payments.look"
CLOSE = "payments.close"


class Opened(NamedTuple):
    """A new attempt: its key, and the number by which the provider will know its order."""

    id: UUID
    order_number: str


class Named(NamedTuple):
    """An attempt and its session by their keys."""

    id: UUID
    session_id: UUID


_ATTEMPT = table_of(PaymentAttempt)
_OPEN = insert(_ATTEMPT).on_conflict_do_nothing().returning(_ATTEMPT.c.id, _ATTEMPT.c.order_number)
"""The database keeps a second live attempt of an invoice out; who comes at the same time waits for its fate."""


def open_attempt(
    *, session_id: UUID, invoice_id: UUID, provider: str, asked: Money, payable_until: datetime, now: datetime
) -> Opened:
    """Store the intent to collect ``asked`` and stage its request.

    :raises AttemptUnresolved: while another attempt for the same invoice is live or unknown.
    """
    row = {
        "session_id": session_id,
        "invoice_id": invoice_id,
        "provider": provider,
        "order_number": f"SH{ids.random_text(22)}",
        "amount": asked.amount,
        "currency": asked.currency,
        "payable_until": payable_until,
        "created_at": now,
    }
    stored = db.execute(_OPEN, row).one_or_none()
    if stored is None:
        raise AttemptUnresolved
    opened = Opened(*stored)
    _stage(REQUEST_CHARGE, opened.id, now)
    return opened


def request_charge(attempt: PaymentAttempt, now: datetime) -> None:
    """Stage the creation of the order, or its identical repetition for a fresh code."""
    _stage(REQUEST_CHARGE, attempt.id, now)


def look_at(attempt: PaymentAttempt, due_at: datetime) -> None:
    """Stage a question to the provider about this order."""
    _stage(LOOK, attempt.id, due_at)


def begin_closing(attempt: PaymentAttempt, now: datetime) -> None:
    """Stop collecting: an order nobody knows is closed at once, any other is until its provider has said so."""
    if attempt.status == "created":
        move(attempt, "closed")
    elif attempt.status in LIVE_ATTEMPT:
        move(attempt, "closing")
        _stage(CLOSE, attempt.id, now)


def close_again(attempt: PaymentAttempt, now: datetime) -> None:
    """Stage another close of an order that turned out to exist after we had given it up."""
    _stage(CLOSE, attempt.id, now)


def _stage(name: str, attempt_id: UUID, due_at: datetime) -> None:
    """Only the code itself is waited for by somebody; a slow answer to the rest must not stand before it."""
    queue = jobs.Queue.INTERACTIVE if name == REQUEST_CHARGE else jobs.Queue.DEFAULT
    jobs.stage(name, queue=queue, due_at=due_at, key=f"{name}:{attempt_id}", attempt_id=str(attempt_id))


def lock_with_session(attempt_id: UUID) -> tuple[PaymentSession, PaymentAttempt]:
    """Lock an attempt's session, then the attempt: the house's order."""
    return lock(db.execute(_SESSION_ID, {"attempt_id": attempt_id}).scalar_one(), attempt_id)


_SESSION_ID = select(_ATTEMPT.c.session_id).where(_ATTEMPT.c.id == bindparam("attempt_id"))
_LOCK_SESSION = select(PaymentSession).where(PaymentSession.id == bindparam("session_id")).with_for_update()
_LOCK = select(PaymentAttempt).where(PaymentAttempt.id == bindparam("attempt_id")).with_for_update()
_LOCK_NAMED = (
    select(PaymentAttempt)
    .where(
        PaymentAttempt.session_id == bindparam("session_id"),
        PaymentAttempt.provider == bindparam("provider"),
        PaymentAttempt.order_number == bindparam("order_number"),
    )
    .with_for_update()
)


def lock(session_id: UUID, attempt_id: UUID) -> tuple[PaymentSession, PaymentAttempt]:
    """Lock a session, then an attempt of it, and return both as they are now."""
    session = db.scalars(_LOCK_SESSION, {"session_id": session_id}, execution_options=FRESH).one()
    return session, db.scalars(_LOCK, {"attempt_id": attempt_id}, execution_options=FRESH).one()


def lock_for(session_id: UUID, evidence: PaymentEvidence) -> tuple[PaymentSession, PaymentAttempt]:
    """Lock a session, then the attempt of it that evidence names; its newest one where it names none of them."""
    session = db.scalars(_LOCK_SESSION, {"session_id": session_id}, execution_options=FRESH).one()
    named = {"session_id": session_id, "provider": evidence.provider, "order_number": evidence.order_number}
    attempt = db.scalars(_LOCK_NAMED, named, execution_options=FRESH).one_or_none()
    return (session, attempt) if attempt else lock(session_id, attempt_of(session_id).id)


_BY_ORDER = select(_ATTEMPT.c.id, _ATTEMPT.c.session_id).where(
    _ATTEMPT.c.provider == bindparam("provider"), _ATTEMPT.c.order_number == bindparam("order_number")
)


def find_by_order(provider: str, order_number: str) -> Named | None:
    """Say which attempt bears ``order_number`` at ``provider``, if it is one of ours."""
    found = db.execute(_BY_ORDER, {"provider": provider, "order_number": order_number}).one_or_none()
    return Named(*found) if found else None


def note_call(attempt_id: UUID, answer: Answer) -> None:
    """Keep one exchange with the provider for the console; the same answer again only counts up."""
    wall = clock.wall()
    newest = select(ProviderCall).where(ProviderCall.attempt_id == attempt_id).order_by(ProviderCall.called_at.desc())
    last = db.scalars(newest.limit(1)).first()
    said = (answer.operation, str(answer.result), answer.http_status, answer.detail)
    if last is not None and (last.operation, last.result, last.http_status, last.detail) == said:
        last.times += 1
        last.last_called_at, last.milliseconds = wall, answer.milliseconds
        return
    operation, result, http_status, detail = said
    db.add(
        ProviderCall(
            attempt_id=attempt_id,
            operation=operation,
            result=result,
            http_status=http_status,
            detail=detail,
            milliseconds=answer.milliseconds,
            called_at=wall,
            last_called_at=wall,
        )
    )


def ask_again_later(attempt: PaymentAttempt, now: datetime) -> None:
    """Count an answer that told nothing and stage the next question."""
    attempt.asks += 1
    look_at(attempt, watch.next_ask(attempt.asks, now, attempt.id))


def renew_later(attempt: PaymentAttempt, operation: str, now: datetime) -> None:
    """Stage the next request for a fresh code, later with each ``operation`` that brought none.

    They are counted among the calls that were noted, as looks between them are answered and say nothing of this.
    """
    calls = select(func.max(ProviderCall.called_at)).where(
        ProviderCall.attempt_id == attempt.id, ProviderCall.operation == operation
    )
    brought = calls.where(ProviderCall.result == Result.DONE).scalar_subquery()
    fruitless = select(func.sum(ProviderCall.times)).where(
        ProviderCall.attempt_id == attempt.id, ProviderCall.operation == operation, ProviderCall.called_at > brought
    )
    request_charge(attempt, watch.next_renewal(db.execute(fruitless).scalar() or 1, now, attempt.id))
