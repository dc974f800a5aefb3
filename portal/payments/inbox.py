"""Where providers' messages arrive: verified on their raw bytes, stored once, and only then acted upon by a worker."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy import Executable, bindparam, select
from sqlalchemy.dialects.postgresql import insert

from portal.kit import clock, ids, jobs, logging, metrics
from portal.kit.db import db, table_of
from portal.payments.models import PaymentEvent
from portal.payments.providers import registry
from portal.payments.providers.base import Headers, Notification, PaymentEvidence
from portal.payments.providers.base import SignatureRejected as SignatureRejected
from portal.payments.states import move

Row = dict[str, Any]
APPLY_EVENT = "payments.apply_event"
_EVENT = table_of(PaymentEvent)
_GIVEN = ("id", "provider", "event_id", "kind", "order_number", "body", "status", "outcome", "processed_at")
_STORED = (
    insert(_EVENT)
    .values({name: bindparam(f"its_{name}", type_=_EVENT.c[name].type) for name in _GIVEN})
    .on_conflict_do_nothing()
    .returning(_EVENT.c.id, _EVENT.c.status)
    .cte("stored")
)
_WAITING = select(_STORED.c.id).where(_STORED.c.status == "received")
_STAGED = jobs.staged_for(APPLY_EVENT, queue=jobs.Queue.MONEY, subjects=_WAITING, argument="event_id").cte("staged")
_STORE = select(_STORED.c.id).add_cte(_STAGED)
"""One statement stores the event and the job that applies it: where it is known there is neither."""
_LOCK = select(PaymentEvent).where(PaymentEvent.id == bindparam("event_id")).with_for_update()
log = logging.logger()


def verify(provider: str, headers: Headers, body: bytes) -> Notification:
    """Verify a message on its raw bytes, before anything of ours is touched: a forged one costs no connection.

    :raises SignatureRejected: the message proves nothing.
    :raises ProviderNotConfigured: we do not use this provider.
    """
    return registry.get_listened(provider).read_notification(headers, body)


def receive(provider: str, message: Notification, store: Callable[[Executable, Row, jobs.Queue], UUID | None]) -> str:
    """Store a verified message, and the job that applies it; a known one is not stored again.

    The unique constraint decides what is known, not a look before.

    :param store: runs the one statement as a transaction by itself: ``edge.at_once``.
    :return: ``stored`` or ``known``; either is answered with success.
    """
    event_id = store(_STORE, _row(provider, message), jobs.Queue.MONEY)
    outcome = "known" if event_id is None else "stored"
    metrics.EVENTS.labels(provider, outcome).inc()
    if event_id is not None and message.quarantine:
        log.error("event_quarantined", provider=provider, event_id=message.event_id, reason=message.quarantine)
    return outcome


def _row(provider: str, message: Notification) -> Row:
    waits = (message.evidence is not None or "setup" in message.body) and not message.quarantine
    status = "received" if waits else "quarantined" if message.quarantine else "ignored"
    event = {
        "id": ids.new_id(),
        "provider": provider,
        "event_id": message.event_id,
        "kind": message.kind,
        "order_number": message.order_number,
        "body": {**message.body, "evidence": message.evidence.as_json() if message.evidence else None},
        "status": status,
        "outcome": message.quarantine,
        "processed_at": None if waits else clock.wall(),
    }
    return {f"its_{name}": value for name, value in event.items()} | {"request_id": logging.request_id()}


def take(event_id: UUID) -> tuple[PaymentEvent, PaymentEvidence | None] | None:
    """Lock a stored event for its worker; None where it was dealt with already. Without evidence it tells of a card."""
    event = db.scalars(_LOCK, {"event_id": event_id}).one()
    if event.status != "received":
        return None
    evidence = event.body["evidence"]
    return event, None if evidence is None else PaymentEvidence.from_json(evidence)


def settle(event: PaymentEvent, outcome: str) -> None:
    """Note what became of an event; what does not fit anything of ours is quarantined and shouted about."""
    is_odd = outcome in ("unknown_order", "taken")
    move(event, "quarantined" if is_odd else "applied", outcome=outcome, processed_at=clock.wall())
    if is_odd:
        log.error("event_quarantined", provider=event.provider, event_id=event.event_id, reason=outcome)
