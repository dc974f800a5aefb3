"""Reading payments: a session by its link, a customer's history, and what operators look at."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, func, or_, select

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

TYPES = (
    "subscription_start",
    "subscription_renewal",
    "subscription_change",
    "branch_batch",
    "hibernation",
    "prepayment",
)
STATUSES = ("pending", "completed", "failed", "cancelled", "refunded")


@dataclass(frozen=True, slots=True)
class TransactionFilter:
    """What of a history is wanted; ``since`` is inclusive, ``until`` exclusive."""

    type: str | None = None
    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def conditions(self) -> list[ColumnElement[bool]]:
        """Return the filter as SQL conditions."""
        table = MembershipTransaction
        wanted: list[ColumnElement[bool]] = []
        if self.type:
            wanted.append(table.type == self.type)
        if self.status:
            wanted.append(table.status == self.status)
        if self.since:
            wanted.append(table.created_at >= self.since)
        if self.until:
            wanted.append(table.created_at < self.until)
        return wanted


def get_session(public_id: str) -> PaymentSession:
    """Return the session with this public id; holding the link is the right to see it.

    :raises NotFound: there is none.
    """
    found = db.scalars(select(PaymentSession).where(PaymentSession.public_id == public_id)).one_or_none()
    if found is None:
        raise NotFound
    return found


def attempt_of(session_id: UUID) -> PaymentAttempt:
    """Return the newest attempt of a session."""
    query = select(PaymentAttempt).where(PaymentAttempt.session_id == session_id)
    return db.scalars(query.order_by(PaymentAttempt.created_at.desc()).limit(1)).one()


def session_of_attempt(attempt_id: UUID) -> PaymentSession:
    """Return the session that an attempt belongs to."""
    query = select(PaymentSession).join(PaymentAttempt, PaymentAttempt.session_id == PaymentSession.id)
    return db.scalars(query.where(PaymentAttempt.id == attempt_id)).one()


def list_transactions(
    customer_id: UUID, wanted: TransactionFilter, page: int, total: int
) -> Page[MembershipTransaction]:
    """Return a page of a customer's history, newest first.

    :param total: the customer's counter, used where nothing is filtered, so that a long history costs no count.
    """
    conditions = wanted.conditions()
    mine = MembershipTransaction.customer_id == customer_id
    if conditions:
        total = db.execute(
            select(func.count()).select_from(MembershipTransaction).where(mine, *conditions)
        ).scalar_one()
    newest = (MembershipTransaction.created_at.desc(), MembershipTransaction.id.desc())
    ids = select(MembershipTransaction.id).where(mine, *conditions).order_by(*newest)
    chosen = ids.limit(PAGE_SIZE).offset((page - 1) * PAGE_SIZE).subquery()
    rows = select(MembershipTransaction).join(chosen, chosen.c.id == MembershipTransaction.id).order_by(*newest)
    return Page(db.scalars(rows).all(), page, total)


def all_transactions(customer_id: UUID, wanted: TransactionFilter, limit: int) -> Sequence[MembershipTransaction]:
    """Return up to ``limit`` transactions for a file, newest first."""
    query = select(MembershipTransaction).where(MembershipTransaction.customer_id == customer_id, *wanted.conditions())
    return db.scalars(query.order_by(MembershipTransaction.created_at.desc()).limit(limit)).all()


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
