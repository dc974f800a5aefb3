"""Charging a stored card for an open invoice without its holder, after a last look that nothing else is paying it.

Nothing is charged while any other attempt for the invoice is alive, closing or unknown (product.md, *Failed payments*).
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from uuid import UUID

from portal.billing import open_invoices, subscriptions, ways
from portal.invoicing import customers, invoices
from portal.invoicing.queries import subscription_of
from portal.kit import jobs, logging
from portal.payments import attempts, sessions
from portal.payments.states import LIVE_SESSION

CHARGE_INVOICE = "billing.charge_invoice"
MOST_CHARGES = 8
"""More automatic charges than an invoice can ever need; whatever wants another is a fault, and somebody must look."""
_PAUSE = timedelta(minutes=2)
log = logging.logger()


def stage_charges(invoices_due: Iterable[tuple[UUID, datetime]]) -> None:
    """Stage the automatic charges of many new invoices, by one statement for each of the instants when they are due."""
    by_time: dict[datetime, list[dict[str, str]]] = {}
    for invoice_id, due_at in invoices_due:
        by_time.setdefault(due_at, []).append({"invoice_id": str(invoice_id)})
    for due_at, args in by_time.items():
        jobs.stage_all(CHARGE_INVOICE, queue=jobs.Queue.BULK, due_at=due_at, args=args)


def stage_charge(invoice_id: UUID, due_at: datetime) -> None:
    """Stage the automatic charge of an invoice; of one invoice only one waits."""
    key = f"{CHARGE_INVOICE}:{invoice_id}"
    jobs.stage(CHARGE_INVOICE, queue=jobs.Queue.DEFAULT, due_at=due_at, key=key, invoice_id=str(invoice_id))


def charge_invoice(invoice_id: UUID, now: datetime) -> str:
    """Collect an open invoice from its customer's credit and then from their stored card, now or as soon as can be.

    :return: ``charging``; ``settled`` where nothing is owed any more; ``busy`` where another attempt has to end first;
        ``no_card`` where none can be charged; ``parked`` after more charges than there can be reason for.
    """
    subscription = subscriptions.lock(subscription_of(invoice_id))
    invoice = invoices.lock(invoice_id)
    customer = customers.get(invoice.customer_id)
    card = ways.find_card(customer.id)
    if invoice.status == "open" and _is_busy(invoice_id, now, ends_codes=card is not None):
        busy_until = sessions.live_until(invoice_id) if card is None else None
        stage_charge(invoice_id, max(busy_until or now, now) + _PAUSE)
        return "busy"
    open_invoices.use_credit(invoice, now)
    if invoice.status != "open":
        return "settled"
    if card is None:
        return "no_card"
    if open_invoices.carry_too_little(subscription, invoice, now):
        return "settled"
    if sessions.count_automatic(invoice_id) >= MOST_CHARGES:
        log.error("charges_parked", invoice=invoice.public_id)
        return "parked"
    open_invoices.collect(subscription, customer, invoice, card, now, is_automatic=True)
    return "charging"


def _is_busy(invoice_id: UUID, now: datetime, *, ends_codes: bool) -> bool:
    """Whether something else may still pay it; what waits for its payer is ended at its provider first, where a card is
    to be charged in its place."""
    for session_id, attempt_id in sessions.unended(invoice_id) if ends_codes else ():
        session, attempt = attempts.lock(session_id, attempt_id)
        if session.status in LIVE_SESSION and not session.is_automatic and attempt.status in ("created", "pending"):
            sessions.end(session, attempt, "cancelled", now, "charged_automatically")
    return bool(sessions.unended(invoice_id))
