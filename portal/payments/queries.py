"""Reading payments: a session by its link, a transaction, and what operators look at; see ``history.py`` for lists."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select

from portal.kit.db import db
from portal.kit.errors import NotFound
from portal.kit.pagination import PAGE_SIZE, Page
from portal.payments.models import (
    MembershipTransaction,
    PaymentAttempt,
    PaymentEvent,
    PaymentRefund,
    PaymentSession,
    ProviderCall,
)

_SESSION = select(PaymentSession).where(PaymentSession.public_id == bindparam("public_id"))
_NEWEST_ATTEMPT = (
    select(PaymentAttempt)
    .where(PaymentAttempt.session_id == bindparam("session_id"))
    .order_by(PaymentAttempt.created_at.desc())
    .limit(1)
)
_SESSION_OF_ATTEMPT = (
    select(PaymentSession)
    .join(PaymentAttempt, PaymentAttempt.session_id == PaymentSession.id)
    .where(PaymentAttempt.id == bindparam("attempt_id"))
)


def get_session(public_id: str) -> PaymentSession:
    """Return the session with this public id; holding the link is the right to see it.

    :raises NotFound: there is none.
    """
    found = db.scalars(_SESSION, {"public_id": public_id}).one_or_none()
    if found is None:
        raise NotFound
    return found


def attempt_of(session_id: UUID) -> PaymentAttempt:
    """Return the newest attempt of a session."""
    return db.scalars(_NEWEST_ATTEMPT, {"session_id": session_id}).one()


def attempts_of_invoice(invoice_id: UUID) -> Sequence[UUID]:
    """Return the keys of all attempts to collect an invoice."""
    return db.scalars(select(PaymentAttempt.id).where(PaymentAttempt.invoice_id == invoice_id)).all()


def credits_of_invoice(invoice_id: UUID) -> Sequence[UUID]:
    """Return the keys of the purchases by which credit paid an invoice, that which was lent for it among them."""
    query = select(MembershipTransaction.id).where(MembershipTransaction.invoice_id == invoice_id)
    return db.scalars(query.where(MembershipTransaction.method.in_(("credit", "carried")))).all()


def session_of_attempt(attempt_id: UUID) -> PaymentSession:
    """Return the session that an attempt belongs to."""
    return db.scalars(_SESSION_OF_ATTEMPT, {"attempt_id": attempt_id}).one()


def get_transaction(customer_id: UUID, public_id: str) -> MembershipTransaction:
    """Return a transaction of this customer.

    :raises NotFound: there is none, or it is somebody else's.
    """
    query = select(MembershipTransaction).where(MembershipTransaction.public_id == public_id)
    found = db.scalars(query.where(MembershipTransaction.customer_id == customer_id)).one_or_none()
    if found is None:
        raise NotFound
    return found


def paying_transaction(invoice_id: UUID) -> MembershipTransaction | None:
    """Return the transaction whose money paid an invoice."""
    query = select(MembershipTransaction).where(MembershipTransaction.invoice_id == invoice_id)
    return db.scalars(query.where(MembershipTransaction.facts["disposition"].astext == "applied").limit(1)).first()


def find_session(session_id: UUID) -> PaymentSession | None:
    """Return a session by key."""
    return db.get(PaymentSession, session_id)


def list_sessions(search: str, status: str | None, page: int) -> Page[PaymentSession]:
    """Return a page of all sessions, newest first, for operators; ``search`` is a session id or an order number."""
    query = select(PaymentSession.id)
    if status:
        query = query.where(PaymentSession.status == status)
    if search:
        by_order = select(PaymentAttempt.session_id).where(PaymentAttempt.order_number == search)
        query = query.where(or_(PaymentSession.public_id == search, PaymentSession.id.in_(by_order)))
    total = db.execute(select(func.count()).select_from(query.limit(10_001).subquery())).scalar_one()
    newest = (PaymentSession.created_at.desc(), PaymentSession.id.desc())
    chosen = query.order_by(*newest).limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE).subquery()
    rows = select(PaymentSession).join(chosen, chosen.c.id == PaymentSession.id).order_by(*newest)
    return Page(db.scalars(rows).all(), page, min(total, 10_000), is_capped=total > 10_000)


def conversation(session_id: UUID) -> Sequence[ProviderCall]:
    """Return everything said to the provider about a session, in order."""
    query = select(ProviderCall).join(PaymentAttempt, PaymentAttempt.id == ProviderCall.attempt_id)
    return db.scalars(query.where(PaymentAttempt.session_id == session_id).order_by(ProviderCall.called_at)).all()


def events_of(provider: str, order_number: str) -> Sequence[PaymentEvent]:
    """Return the provider's messages about an order, in order."""
    query = select(PaymentEvent).where(PaymentEvent.provider == provider, PaymentEvent.order_number == order_number)
    return db.scalars(query.order_by(PaymentEvent.received_at)).all()


def list_quarantined(limit: int) -> Sequence[PaymentEvent]:
    """Return the providers' messages that were set aside because they fit nothing of ours, newest first."""
    query = select(PaymentEvent).where(PaymentEvent.status == "quarantined")
    return db.scalars(query.order_by(PaymentEvent.received_at.desc()).limit(limit)).all()


def list_held() -> Sequence[tuple[PaymentSession, PaymentAttempt]]:
    """Return the money that is held or in suspense, oldest first."""
    query = (
        select(PaymentSession, PaymentAttempt)
        .join(PaymentAttempt, PaymentAttempt.session_id == PaymentSession.id)
        .where(PaymentAttempt.disposition.in_(("held", "suspense")))
        .order_by(PaymentAttempt.captured_at)
        .limit(200)
    )
    return [(session, attempt) for session, attempt in db.execute(query)]


def refunds_of(*session_ids: UUID) -> Sequence[PaymentRefund]:
    """Return the refunds of these sessions, in the order in which they were asked for."""
    query = select(PaymentRefund).where(PaymentRefund.session_id.in_(session_ids))
    return db.scalars(query.order_by(PaymentRefund.created_at)).all()
