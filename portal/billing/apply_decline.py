"""The door for a charge that its bank refused: whoever hears of it, it ends here, once.

A declined card changes nothing of what it was for: the draft stands, and another way to pay may be taken. What was
charged without its holder is in dunning from then on.
"""

from datetime import datetime

from portal.billing import dunning, subscriptions
from portal.identity import audit
from portal.invoicing import invoices
from portal.kit import logging
from portal.payments import attempts, charges
from portal.payments.models import PaymentSession
from portal.payments.providers.base import Answer
from portal.payments.queries import attempt_of

log = logging.logger()


def apply_decline(session: PaymentSession, answer: Answer, now: datetime) -> str:
    """Take in what a provider says of a card that was refused.

    :return: ``declined``; or ``known``, which changes nothing.
    """
    subscription = subscriptions.lock(session.subscription_id)
    invoice = invoices.lock(session.invoice_id)
    session, attempt = attempts.lock(session.id, attempt_of(session.id).id)
    if not charges.decline(session, attempt, answer.detail, now):
        return "known"
    facts = {"outcome": str(answer.outcome), "reason": answer.detail, "order_number": attempt.order_number}
    audit.record(audit.SYSTEM, "payment.declined", session.public_id, facts, now)
    if session.is_automatic:
        dunning.note_decline(subscription, invoice, answer.outcome, now)
    log.info("payment_declined", session=session.public_id, **facts)
    return "declined"
