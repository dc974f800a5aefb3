"""By when the product must have learned of money, and until when it looks out for it, by the plain model."""

from datetime import datetime

from tests.simulation.model import LATER_LEARNED_WITHIN, LEARNED_WITHIN, WATCH, Invoice, Session


def must_be_known(session: Session, now: datetime) -> bool:
    """Whether the product has had the time it may take to learn of a session's money."""
    payment = session.payment
    if payment is None:
        return False
    if payment.was_told:
        return True
    if not session.is_undisturbed:
        return False
    if session.ended_at is None:
        return now - payment.paid_at >= LEARNED_WITHIN
    is_watched = payment.paid_at < session.ended_at + WATCH - LATER_LEARNED_WITHIN
    return is_watched and now - payment.paid_at >= LATER_LEARNED_WITHIN


def may_be_void(invoice: Invoice, sessions: list[Session], now: datetime) -> bool:
    """Whether nobody looks out for money of this invoice any more."""
    ends = [_end(session) for session in sessions if session.invoice is invoice]
    return all(ended_at is not None and now >= ended_at + WATCH for ended_at in ends)


def _end(session: Session) -> datetime | None:
    """When a session ended: one whose money was learned of after its time needs no watch from then on."""
    if session.ended_at is not None and session.payment is not None and session.payment.learned:
        return min(session.ended_at, session.expires_at)
    return session.ended_at
