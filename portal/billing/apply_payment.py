"""The door for money that came: notification, poll and console all end here, once each.

Locks are taken in the house's order: subscription, invoice, session, attempt.
"""

from dataclasses import dataclass
from datetime import datetime

from portal.billing import dunning_cases, open_invoices, quotes, restoration, subscriptions
from portal.billing.events import PAYMENT_APPLIED
from portal.billing.fulfilment import fulfil, stands
from portal.billing.kinds import is_for_credit
from portal.billing.models import Subscription
from portal.billing.queries import Deal, deal_of
from portal.identity import audit
from portal.invoicing import invoices
from portal.invoicing.invoices import Settlement
from portal.invoicing.models import Invoice
from portal.invoicing.states import OWED
from portal.kit import logging, outbox
from portal.kit.money import Money
from portal.ledger import recipes
from portal.ledger.recipes import Received
from portal.payments import attempts, confirmation, refunds, sessions
from portal.payments.confirmation import Verdict
from portal.payments.models import PaymentAttempt, PaymentSession
from portal.payments.providers.base import PaymentEvidence

log = logging.logger()


@dataclass(frozen=True, slots=True)
class Chain:
    """Everything one payment can touch, locked."""

    subscription: Subscription
    invoice: Invoice
    deal: Deal
    session: PaymentSession
    attempt: PaymentAttempt


def apply_payment(session: PaymentSession, evidence: PaymentEvidence, now: datetime) -> str:
    """Take in what a provider says was paid for an order of ``session`` (product.md, *Sessions and stray money*).

    :return: ``paid``, ``paid_late``, ``prepaid``, ``restored``, ``credited``, ``held``, ``review``; or ``duplicate``
        and ``taken``, which change nothing.
    """
    chain = _lock(session, evidence)
    verdict = confirmation.judge(chain.attempt, evidence)
    if verdict in (Verdict.DUPLICATE, Verdict.TAKEN):
        return verdict
    if verdict is Verdict.MISMATCH:
        outcome = _hold_for_review(chain, evidence, now)
    elif chain.invoice.status in OWED and chain.invoice.due == chain.session.bill:
        outcome = _settle(chain, evidence, now)
    elif stands(chain.invoice, chain.subscription, chain.deal, now):
        outcome = (_prepay if is_for_credit(chain.invoice.kind) else _pay)(chain, evidence, now)
    elif _was_paid(chain.invoice):
        outcome = _hold(chain, evidence, now)
    else:
        outcome = _credit(chain, evidence, now)
    _tell(chain, outcome, now)
    return outcome


def _lock(session: PaymentSession, evidence: PaymentEvidence) -> Chain:
    if session.arrears:
        subscriptions.lock_all(session.customer_id)
    subscription = subscriptions.lock(session.subscription_id)
    invoice = invoices.lock(session.invoice_id)
    session, attempt = attempts.lock_for(session.id, evidence)
    return Chain(subscription, invoice, deal_of(invoice), session, attempt)


def _pay(chain: Chain, evidence: PaymentEvidence, now: datetime) -> str:
    """The money pays its invoice. Paid in time keeps the quote's day; paid late, the days start when it came.

    The invoice is issued last: whoever wants the next number waits for all that comes after it.
    """
    is_late = confirmation.is_late(chain.session, evidence)
    starts_on = quotes.local_day(chain.deal.time_zone, now) if is_late else chain.session.quoted_on
    _receive(chain, evidence, now)
    paid, nothing = chain.session.bill, Money.zero(chain.session.currency)
    settlement = Settlement(chain.deal.credit, paid, nothing)
    fulfil(chain.subscription, chain.deal, chain.invoice, settlement, starts_on, now)
    _pay_arrears(chain, now)
    return "paid_late" if is_late else "paid"


def _receive(chain: Chain, evidence: PaymentEvidence, now: datetime) -> None:
    """Take in money that pays its invoice; what was asked for beside is credit until ``_pay_arrears``."""
    session = chain.session
    received = Received(session.bill, session.arrears, session.customer_id)
    recipes.payment_received(chain.attempt.id, evidence.provider, chain.attempt.asked, received, now)
    sessions.end_others(session, now)
    confirmation.capture(session, chain.attempt, evidence, "applied", now)


def _pay_arrears(chain: Chain, now: datetime) -> None:
    """Pay what was owed before from what came for it; where something else has paid that meanwhile, it stays credit."""
    if chain.session.arrears:
        open_invoices.use_all_credit(chain.session.customer_id, now)


def _was_paid(invoice: Invoice) -> bool:
    """Whether money or credit paid it; one that a credit note settled was not paid, so money for it is no excess."""
    return invoice.status == "paid" and bool(invoice.paid_amount or not invoice.credited_open_amount)


def _settle(chain: Chain, evidence: PaymentEvidence, now: datetime) -> str:
    """The money pays what was still owed of an invoice that was issued before."""
    _receive(chain, evidence, now)
    paid, nothing = chain.session.bill, Money.zero(chain.session.currency)
    invoices.settle(chain.invoice, Settlement(nothing, paid, nothing), now)
    dunning_cases.clear(chain.invoice, now)
    _pay_arrears(chain, now)
    return "paid_late" if confirmation.is_late(chain.session, evidence) else "paid"


def _credit(chain: Chain, evidence: PaymentEvidence, now: datetime) -> str:
    """What it was for no longer stands: the money is the customer's credit."""
    owed, asked = chain.session.owed, chain.attempt.asked
    recipes.payment_credited(chain.attempt.id, evidence.provider, asked, chain.session.customer_id, owed, now)
    confirmation.capture(chain.session, chain.attempt, evidence, "credited", now)
    open_invoices.stage_credit(chain.session.customer_id, now)
    return "credited"


def _prepay(chain: Chain, evidence: PaymentEvidence, now: datetime) -> str:
    """The money was paid to be credit: its draft has done its work, and what it was paid for is paid by it."""
    sessions.end_others(chain.session, now)
    _credit(chain, evidence, now)
    invoices.void(chain.invoice)
    if chain.invoice.kind == quotes.RESTORATION:
        restoration.restore(chain.subscription, chain.deal, now)
        return "restored"
    if chain.invoice.kind == quotes.CARRIED:
        open_invoices.use_all_credit(chain.session.customer_id, now)
        return "paid"
    return "prepaid"


def _hold(chain: Chain, evidence: PaymentEvidence, now: datetime) -> str:
    """It was paid already: the excess is held, and its way back is requested."""
    recipes.payment_held(chain.attempt.id, evidence.provider, chain.attempt.asked, now)
    confirmation.capture(chain.session, chain.attempt, evidence, "held", now)
    refunds.request_excess(chain.session, chain.attempt, now)
    return "held"


def _hold_for_review(chain: Chain, evidence: PaymentEvidence, now: datetime) -> str:
    """It is not what was asked for: it completes nothing until finance has looked."""
    came = Money(evidence.amount, evidence.currency)
    recipes.payment_in_suspense(chain.attempt.id, evidence.provider, came, now)
    confirmation.capture(chain.session, chain.attempt, evidence, "suspense", now)
    log.error("payment_mismatch", session=chain.session.public_id, asked=str(chain.attempt.asked), came=str(came))
    return "review"


def _tell(chain: Chain, outcome: str, now: datetime) -> None:
    facts = {
        "outcome": outcome,
        "business_id": str(chain.deal.buyer.id) if chain.deal.buyer else None,
        "invoice_kind": chain.invoice.kind,
        "number": chain.invoice.number,
        "amount": chain.session.amount,
        "currency": chain.session.currency,
        "settled_amount": chain.attempt.captured_amount,
        "settled_currency": chain.attempt.captured_currency,
    }
    outbox.record(PAYMENT_APPLIED, chain.session.public_id, facts, now)
    audit.record(audit.SYSTEM, f"payment.{outcome}", chain.session.public_id, facts, now)
    log.info("payment_applied", session=chain.session.public_id, outcome=outcome)
