"""Payment sessions: opened on a quote for an hour, extended, cancelled, expired, and watched for a day after."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import any_, bindparam, exists, func, insert, select
from sqlalchemy.dialects.postgresql import array

from portal.kit import ids, jobs
from portal.kit.db import db, table_of
from portal.kit.money import Money
from portal.payments import attempts, transactions
from portal.payments.errors import SessionAtItsLimit, SessionClosed
from portal.payments.models import PaymentAttempt, PaymentSession
from portal.payments.queries import attempt_of, get_session
from portal.payments.states import LIVE_ATTEMPT, LIVE_SESSION, move
from portal.payments.watch import WATCH

EXPIRE = "payments.expire_session"
LIFETIME = timedelta(hours=1)
LONGEST = timedelta(hours=2)
A_MOMENT = timedelta(minutes=1)
"""How long to wait for what is about to end, before one looks again."""
_CLOSING_TIME = timedelta(minutes=5)
"""The provider's deadline lies a little behind ours, so that ours is the one that is told to people."""


@dataclass(frozen=True, slots=True)
class Collection:
    """What a session collects and for whom. ``rate`` and ``rate_on`` are there when currencies differ.

    ``owed`` is all of it, with the ``arrears`` that were owed before; ``fee`` is what is bought, and these.
    ``method_id`` is the stored card that pays; ``is_automatic`` where it is charged without its holder.
    """

    customer_id: UUID
    invoice_id: UUID
    subscription_id: UUID
    subscription_version: int
    type: str
    fee: Money
    owed: Money
    arrears: Money
    asked: Money
    rate: Decimal | None
    rate_on: date | None
    quoted_on: date
    method_id: UUID | None = None
    is_automatic: bool = False


class UnderWay(NamedTuple):
    """A session that may still be paid."""

    id: UUID
    public_id: str
    invoice_id: UUID
    watch_until: datetime


_SESSION, _ATTEMPT = table_of(PaymentSession).c, table_of(PaymentAttempt).c
_OPEN = insert(table_of(PaymentSession))


def open_session(collection: Collection, provider: str, now: datetime) -> UnderWay:
    """Store the session, its attempt and its transaction, and stage the request for a code.

    :raises AttemptUnresolved: while another attempt for the same invoice is live or unknown.
    """
    expires_at = now + LIFETIME
    opened = UnderWay(ids.new_id(), ids.public_id("ps"), collection.invoice_id, expires_at + WATCH)
    times = {"created_at": now, "expires_at": expires_at}
    db.execute(_OPEN, opened._asdict() | times | _collected(collection) | {"provider": provider})
    attempt = attempts.open_attempt(
        session_id=opened.id,
        invoice_id=collection.invoice_id,
        provider=provider,
        asked=collection.asked,
        payable_until=now + LONGEST + _CLOSING_TIME,
        now=now,
    )
    transactions.open_transaction(
        customer_id=collection.customer_id,
        invoice_id=collection.invoice_id,
        session_id=opened.id,
        type_=collection.type,
        order_id=attempt.order_number,
        fee=collection.fee,
        cost=collection.owed,
        collected=collection.asked if collection.rate is not None else None,
        method=provider,
        now=now,
    )
    _stage_expiry(opened.id, expires_at, attempt.id)
    return opened


def _collected(collection: Collection) -> dict[str, object]:
    """Return what a session's row says of its collection."""
    return {
        "customer_id": collection.customer_id,
        "subscription_id": collection.subscription_id,
        "subscription_version": collection.subscription_version,
        "amount": collection.owed.amount,
        "arrears_amount": collection.arrears.amount,
        "currency": collection.owed.currency,
        "settlement_amount": collection.asked.amount,
        "settlement_currency": collection.asked.currency,
        "rate": collection.rate,
        "rate_on": collection.rate_on,
        "quoted_on": collection.quoted_on,
        "method_id": collection.method_id,
        "is_automatic": collection.is_automatic,
    }


def give_more_time(public_id: str, now: datetime) -> PaymentSession:
    """Let the session live two hours from its opening, with a fresh code for the same order (WCAG 2.2.1).

    :raises SessionClosed: it has ended.
    :raises SessionAtItsLimit: it was extended already.
    """
    session, attempt = _lock(public_id)
    if session.status != "open" or session.expires_at <= now:
        raise SessionClosed
    if session.expires_at >= session.created_at + LONGEST:
        raise SessionAtItsLimit
    session.expires_at = session.created_at + LONGEST
    session.watch_until = session.expires_at + WATCH
    attempts.request_charge(attempt, now)
    return session


def cancel(public_id: str, now: datetime) -> PaymentSession:
    """End a session at the payer's wish; money that was already on its way is still taken in.

    :raises SessionClosed: it has ended otherwise. Cancelling twice is the same as once.
    """
    session, attempt = _lock(public_id)
    if session.status != "cancelled":
        if session.status not in LIVE_SESSION:
            raise SessionClosed
        end(session, attempt, "cancelled", now)
    return session


def end(session: PaymentSession, attempt: PaymentAttempt, status: str, now: datetime, reason: str = "") -> None:
    """End a locked session without money: ``cancelled``, ``expired`` or ``failed``; watch its order for a day."""
    move(session, status, ended_at=now, watch_until=now + WATCH, failure=reason or None)
    attempts.begin_closing(attempt, now)
    transaction = transactions.of_session(session.id)
    transactions.close(transaction, "failed" if status == "failed" else "cancelled", reason or status)


def is_overdue(session: PaymentSession, now: datetime) -> bool:
    """Whether a locked session has outlived its time; one that was given more time is looked at again then."""
    if session.status not in LIVE_SESSION:
        return False
    if session.expires_at > now:
        _stage_expiry(session.id, session.expires_at, attempt_of(session.id).id)
        return False
    return True


def _stage_expiry(session_id: UUID, expires_at: datetime, attempt_id: UUID) -> None:
    key = f"{EXPIRE}:{session_id}"
    jobs.stage(EXPIRE, queue=jobs.Queue.DEFAULT, due_at=expires_at, key=key, attempt_id=str(attempt_id))


def _lock(public_id: str) -> tuple[PaymentSession, PaymentAttempt]:
    session = get_session(public_id)
    return attempts.lock(session.id, attempt_of(session.id).id)


_UNDER_WAY = (
    select(_SESSION.id, _SESSION.public_id, _SESSION.invoice_id, _SESSION.watch_until)
    .where(_SESSION.subscription_id == bindparam("subscription_id"), _SESSION.status == any_(array(LIVE_SESSION)))
    .limit(1)
)


def live_of_subscription(subscription_id: UUID) -> UnderWay | None:
    """Return the session of a subscription that may still be paid, if one lives."""
    found = db.execute(_UNDER_WAY, {"subscription_id": subscription_id}).first()
    return UnderWay(*found) if found else None


_UNENDED = (
    select(_SESSION.id, _ATTEMPT.id)
    .where(
        _ATTEMPT.session_id == _SESSION.id,
        _SESSION.invoice_id == bindparam("invoice_id"),
        _ATTEMPT.status == any_(array((*LIVE_ATTEMPT, "closing"))),
    )
    .order_by(_SESSION.id)
)
_AUTOMATIC = select(func.count()).where(_SESSION.invoice_id == bindparam("invoice_id"), _SESSION.is_automatic)


def unended(invoice_id: UUID) -> list[tuple[UUID, UUID]]:
    """Return the sessions of an invoice, with their attempts, that money may still come of: alive, closing, unknown."""
    return [(session_id, attempt_id) for session_id, attempt_id in db.execute(_UNENDED, {"invoice_id": invoice_id})]


def count_automatic(invoice_id: UUID) -> int:
    """Return how often a stored card was charged for an invoice without its holder."""
    return int(db.execute(_AUTOMATIC, {"invoice_id": invoice_id}).scalar_one())


_CHARGED = _AUTOMATIC.where(_SESSION.method_id == bindparam("method_id"))


def was_charged(invoice_id: UUID, method_id: UUID) -> bool:
    """Whether this stored card was charged for an invoice without its holder, whatever came of that."""
    return bool(db.execute(_CHARGED, {"invoice_id": invoice_id, "method_id": method_id}).scalar_one())


_IS_LIVE = _SESSION.status == any_(array(LIVE_SESSION))
_LIVE_UNTIL = select(_SESSION.expires_at).where(_SESSION.invoice_id == bindparam("invoice_id"), _IS_LIVE)
_ARREARS_UNTIL = select(func.max(_SESSION.expires_at)).where(
    _SESSION.customer_id == bindparam("customer_id"), _IS_LIVE, _SESSION.arrears_amount > 0
)


def live_until(invoice_id: UUID) -> datetime | None:
    """Return until when the live session of an invoice may be paid, if one lives."""
    found: datetime | None = db.execute(_LIVE_UNTIL.limit(1), {"invoice_id": invoice_id}).scalar_one_or_none()
    return found


def arrears_until(customer_id: UUID) -> datetime | None:
    """Return until when a live session may be paid that collects what its customer owed before, if one lives."""
    found: datetime | None = db.execute(_ARREARS_UNTIL, {"customer_id": customer_id}).scalar_one()
    return found


_COLLECTS_ARREARS = select(
    exists().where(
        _SESSION.customer_id == bindparam("customer_id"),
        _IS_LIVE,
        _SESSION.arrears_amount > 0,
        _SESSION.invoice_id != bindparam("besides"),
    )
)


def collects_arrears(customer_id: UUID, *, besides: UUID) -> bool:
    """Whether a live session collects what its customer owed before, leaving out those of the invoice ``besides``."""
    return bool(db.execute(_COLLECTS_ARREARS, {"customer_id": customer_id, "besides": besides}).scalar_one())


def watched_until(invoice_id: UUID) -> datetime | None:
    """Return until when money for an invoice is looked out for, over all its sessions."""
    query = select(func.max(PaymentSession.watch_until)).where(PaymentSession.invoice_id == invoice_id)
    return db.execute(query).scalar_one()


_OTHERS = (
    select(_SESSION.id, _ATTEMPT.id)
    .where(
        _ATTEMPT.session_id == _SESSION.id,
        _SESSION.invoice_id == bindparam("invoice_id"),
        _SESSION.id != bindparam("session_id"),
        _ATTEMPT.status == any_(array(LIVE_ATTEMPT)),
        _SESSION.status == any_(array(LIVE_SESSION)),
    )
    .order_by(_SESSION.id)
)


def end_others(session: PaymentSession, now: datetime) -> None:
    """Cancel every other live session of the same invoice: the first money paid it."""
    others = db.execute(_OTHERS, {"invoice_id": session.invoice_id, "session_id": session.id}).all()
    for session_id, attempt_id in others:
        other, attempt = attempts.lock(session_id, attempt_id)
        if other.status in LIVE_SESSION:
            end(other, attempt, "cancelled", now, "paid_otherwise")
