"""The three conversations with a provider, each split in what is prepared before a call and recorded after it.

No transaction is open during the call itself; the worker makes it in between.
"""

from datetime import datetime
from uuid import UUID

from portal.kit import logging
from portal.payments import attempts, methods, sessions, transactions, watch
from portal.payments.models import PaymentAttempt, PaymentSession
from portal.payments.orders import Order, order_of
from portal.payments.providers.base import Answer, OrderState, Result
from portal.payments.states import LIVE_ATTEMPT, LIVE_SESSION, move

log = logging.logger()


def prepare_charge(attempt_id: UUID, now: datetime) -> Order | None:
    """Commit that the provider is about to hear of this order; None where it no longer should.

    A card that was removed before anybody heard of the charge is not charged any more.
    """
    session, attempt = attempts.lock_with_session(attempt_id)
    if session.status not in LIVE_SESSION or attempt.status not in LIVE_ATTEMPT or session.expires_at <= now:
        return None
    if attempt.status == "created" and session.method_id and not methods.is_stored(session.method_id):
        sessions.end(session, attempt, "failed", now, "method_removed")
        return None
    if attempt.status in ("created", "unknown"):
        move(attempt, "submitted")
    return order_of(session, attempt)


def record_charge(attempt_id: UUID, answer: Answer, now: datetime) -> None:
    """Show the code, or end the session on a refusal, or remember that nobody knows and ask."""
    session, attempt = attempts.lock_with_session(attempt_id)
    attempts.note_call(attempt_id, answer)
    if attempt.status not in LIVE_ATTEMPT:
        if answer.result is Result.DONE and attempt.status != "succeeded":
            attempts.close_again(attempt, now)
        return
    if answer.code_url is not None:
        _attach_code(session, attempt, answer.code_url, now)
    elif attempt.status == "pending":
        # The old code may be dead already: a fresh one is asked for until one comes or the session ends.
        attempts.renew_later(attempt, answer.operation, now)
        log.warning("code_not_renewed", session=session.public_id, detail=answer.detail)
    elif answer.result is Result.REFUSED:
        move(attempt, "declined")
        sessions.end(session, attempt, "failed", now, "provider_refused")
        log.error("charge_refused", session=session.public_id, detail=answer.detail)
    else:
        move(attempt, "unknown")
        attempts.ask_again_later(attempt, now)


def decline(session: PaymentSession, attempt: PaymentAttempt, reason: str, now: datetime) -> bool:
    """Take in that the bank refused to pay a locked attempt by its card; say whether that was news.

    :param reason: the bank's code; it is kept with the session.
    """
    if attempt.status in LIVE_ATTEMPT:
        move(attempt, "declined")
        sessions.end(session, attempt, "failed", now, reason)
        return True
    if attempt.status == "closing":
        move(attempt, "closed")
    return False


def _attach_code(session: PaymentSession, attempt: PaymentAttempt, code_url: str, now: datetime) -> None:
    move(attempt, "pending", code_url=code_url, asks=0)
    move(session, "open")
    attempts.look_at(attempt, now + watch.EVERY)


def prepare_look(attempt_id: UUID) -> Order | None:
    """Return the order to ask about; None where the money is already in or nobody was ever asked for it."""
    session, attempt = attempts.lock_with_session(attempt_id)
    return None if attempt.status in ("created", "succeeded") else order_of(session, attempt)


def record_look(attempt_id: UUID, answer: Answer, now: datetime) -> None:
    """Draw the consequences of an answer that is not a payment; a payment is for the door to apply."""
    session, attempt = attempts.lock_with_session(attempt_id)
    attempts.note_call(attempt_id, answer)
    if attempt.status == "succeeded":
        return
    if answer.result is not Result.DONE:
        _remember_unknown(session, attempt, now)
        return
    if attempt.status == "closing" and answer.state is OrderState.UNPAID:
        _insist_on_closing(session, attempt, now)
    elif attempt.status == "pending":
        attempt.asks = 0
    if attempt.status in ("submitted", "unknown") and answer.code_url is not None:
        _attach_code(session, attempt, answer.code_url, now)
    elif attempt.status in ("submitted", "unknown"):
        attempts.request_charge(attempt, now)  # its code was never shown: creating it again is safe
    elif _is_over(attempt, answer):
        _note_closed(session, attempt, now)
    due_at = watch.next_look(session.created_at, session.ended_at, session.watch_until, now)
    if due_at is not None and attempt.status not in ("submitted", "unknown"):
        attempts.look_at(attempt, due_at)


def _is_over(attempt: PaymentAttempt, answer: Answer) -> bool:
    """Whether nobody can pay the order any more; one whose code is out may only be unknown yet (reliability.md B15)."""
    if attempt.status == "pending":
        return answer.state is OrderState.CLOSED
    return attempt.status == "closing" and answer.state in (OrderState.CLOSED, OrderState.ABSENT)


def _insist_on_closing(session: PaymentSession, attempt: PaymentAttempt, now: datetime) -> None:
    """Close again after ever longer pauses, as some orders are too young for it; after a day somebody must look."""
    if now < session.watch_until:
        attempts.close_again(attempt, now)
    else:
        _hand_over(session, "not_closed")


def remember_taken(attempt_id: UUID) -> None:
    """Have somebody look where the provider names money of this order that belongs to another payment."""
    session, _ = attempts.lock_with_session(attempt_id)
    _hand_over(session, "taken")


def _hand_over(session: PaymentSession, reason: str) -> None:
    if session.status in ("paid", "review"):
        return
    move(session, "review", failure=reason)
    transactions.close(transactions.of_session(session.id), "failed", reason)
    log.error("session_needs_review", session=session.public_id, reason=reason)


def _note_closed(session: PaymentSession, attempt: PaymentAttempt, now: datetime) -> None:
    if session.status in LIVE_SESSION:
        sessions.end(session, attempt, "expired", now, "closed_by_provider")
    move(attempt, "closed")


def _remember_unknown(session: PaymentSession, attempt: PaymentAttempt, now: datetime) -> None:
    """Ask again later; a day after the end somebody has to look, unless the provider had closed or refused it."""
    if session.status in LIVE_SESSION or now < session.watch_until:
        attempts.ask_again_later(attempt, now)
    elif attempt.status not in ("closed", "declined"):
        _hand_over(session, "unknown")


def prepare_close(attempt_id: UUID) -> Order | None:
    """Return the order to close; None where money came or it is still wanted."""
    session, attempt = attempts.lock_with_session(attempt_id)
    return order_of(session, attempt) if attempt.status in ("closing", "closed") else None


def record_close(attempt_id: UUID, answer: Answer, now: datetime) -> None:
    """Believe a close only when the provider says so; otherwise ask what became of the order."""
    session, attempt = attempts.lock_with_session(attempt_id)
    attempts.note_call(attempt_id, answer)
    if attempt.status not in ("closing", "closed"):
        return
    if answer.result is Result.DONE:
        move(attempt, "closed")
        due_at = watch.next_look(session.created_at, session.ended_at, session.watch_until, now)
        if due_at is not None:
            attempts.look_at(attempt, due_at)
    else:
        attempts.ask_again_later(attempt, now)
