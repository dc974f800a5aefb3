"""Where providers' messages arrive: verified on their raw bytes, stored once, and only then acted upon by a worker."""

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from portal.kit import clock, ids, jobs, logging, metrics
from portal.kit.db import db, table_of
from portal.payments.models import PaymentEvent
from portal.payments.providers import registry
from portal.payments.providers.base import Notification, PaymentEvidence
from portal.payments.providers.base import SignatureRejected as SignatureRejected
from portal.payments.states import move

APPLY_EVENT = "payments.apply_event"
_EVENT = table_of(PaymentEvent)
_ADD = insert(_EVENT).on_conflict_do_nothing().returning(_EVENT.c.id)
_LOCK = select(PaymentEvent).where(PaymentEvent.id == bindparam("event_id")).with_for_update()
log = logging.logger()


def verify(provider: str, headers: Mapping[str, str], body: bytes) -> Notification:
    """Verify a message on its raw bytes, before anything of ours is touched: a forged one costs no connection.

    :raises SignatureRejected: the message proves nothing.
    :raises ProviderNotConfigured: we do not use this provider.
    """
    return registry.get(provider).read_notification(headers, body)


def receive(provider: str, message: Notification, now: datetime) -> str:
    """Store a verified message; a known one is not stored again.

    :return: ``stored`` or ``known``; either is answered with success.
    """
    event_id = _store(provider, message)
    outcome = "known" if event_id is None else "stored"
    metrics.EVENTS.labels(provider, outcome).inc()
    if event_id is not None and message.quarantine:
        log.error("event_quarantined", provider=provider, event_id=message.event_id, reason=message.quarantine)
    elif event_id is not None and message.evidence is not None:
        key = f"{APPLY_EVENT}:{event_id}"
        jobs.stage(APPLY_EVENT, queue=jobs.Queue.MONEY, due_at=now, key=key, event_id=str(event_id))
    return outcome


def _store(provider: str, message: Notification) -> UUID | None:
    """Return the new row's id, or None where the event is known: the unique constraint decides, not a look before."""
    waits = message.evidence is not None and not message.quarantine
    status = "received" if waits else "quarantined" if message.quarantine else "ignored"
    body = {**message.body, "evidence": message.evidence.as_json() if message.evidence else None}
    row = {
        "id": ids.new_id(),
        "provider": provider,
        "event_id": message.event_id,
        "kind": message.kind,
        "order_number": message.order_number,
        "body": body,
        "status": status,
        "outcome": message.quarantine,
        "processed_at": None if waits else clock.wall(),
    }
    return db.execute(_ADD, row).scalar_one_or_none()


def take(event_id: UUID) -> tuple[PaymentEvent, PaymentEvidence] | None:
    """Lock a stored event for its worker; None where it was dealt with already."""
    event = db.scalars(_LOCK, {"event_id": event_id}).one()
    if event.status != "received":
        return None
    return event, PaymentEvidence.from_json(event.body["evidence"])


def settle(event: PaymentEvent, outcome: str) -> None:
    """Note what became of an event; what does not fit anything of ours is quarantined and shouted about."""
    is_odd = outcome in ("unknown_order", "taken")
    move(event, "quarantined" if is_odd else "applied")
    event.outcome = outcome
    event.processed_at = clock.wall()
    if is_odd:
        log.error("event_quarantined", provider=event.provider, event_id=event.event_id, reason=outcome)
