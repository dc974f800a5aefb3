"""What becomes of an invoice that is not paid: tried again or reminded of, then hidden, at last given up.

The schedule is ``dunning_rules``; whatever pays in between closes the case (``dunning_cases.clear``). A charge whose
fate nobody knows is waited for, and one that failed for technical reasons is made again and counts as none. What is
hidden is charged for no more: it is brought back by its customer, or ends.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from portal.billing import automatic, dunning_cases, dunning_rules, open_invoices, subscriptions, suspension, ways
from portal.billing.models import DunningCase, Subscription
from portal.billing.queries import local_date
from portal.billing.states import LISTED, move_case
from portal.invoicing import customers, invoices
from portal.invoicing.models import Invoice
from portal.invoicing.queries import subscription_of
from portal.invoicing.states import move
from portal.kit import ids, outbox
from portal.payments import methods, sessions
from portal.payments.providers.base import ChargeOutcome

OVERDUE = "billing.payment_overdue"
_ANSWER = timedelta(minutes=10)
"""How long to wait for the answer to a charge before one looks; without one it is made again."""
_AGAIN = timedelta(hours=1)
"""How long to wait for a rate before one looks again."""


def collect(invoice_id: UUID, now: datetime) -> None:
    """Collect an invoice that is due, for the first time: by credit, by card, or else by asking its customer to pay.

    Where that has failed before, only a new card is tried that had to wait for another payment to end.
    """
    subscription, invoice = subscriptions.lock(subscription_of(invoice_id)), invoices.lock(invoice_id)
    case = dunning_cases.find_locked(invoice_id)
    if case is not None:
        _try_untried(subscription, invoice, case, now)
        return
    outcome = _charge(subscription, invoice, now)
    if outcome == "charging":
        automatic.stage_charge(invoice_id, now + _ANSWER)
    elif outcome == "no_rate":
        automatic.stage_charge(invoice_id, now + _AGAIN)
    elif outcome in ("no_card", "parked"):
        _begin(subscription, invoice, "overdue", now, is_charged=outcome == "no_card")


def note_decline(subscription: Subscription, invoice: Invoice, outcome: ChargeOutcome | None, now: datetime) -> None:
    """Take in that the automatic charge of a locked invoice was refused; each is told, but one that no step waits for,
    such as of a card that was just chosen, is no step."""
    is_soft = outcome is ChargeOutcome.SOFT_DECLINE
    case = dunning_cases.find_locked(invoice.id)
    if invoice.status != "open":
        return
    if case is None:
        _begin(subscription, invoice, "declined", now, is_charged=is_soft)
    elif case.status == "running":
        case.is_charged = case.is_charged and is_soft
        if case.is_awaited:
            _advance(subscription, invoice, case, "declined", now)
        elif subscription.status != "suspended":
            _tell(subscription, invoice, case, "declined", now)


def try_new_card(customer_id: UUID, now: datetime) -> bool:
    """Charge what a customer owes and is overdue by the card that they have just chosen, at once.

    :return: whether a charge has begun, or begins as soon as another payment of it has ended.
    """
    is_tried = False
    subscription = subscriptions.lock_live(customer_id)
    is_overdue = subscription is not None and subscription.status == "past_due"
    for case in dunning_cases.list_open(subscription.id) if subscription and is_overdue else ():
        invoice = invoices.lock(case.invoice_id)
        locked = dunning_cases.find_locked(invoice.id)
        if locked is not None and locked.status == "running" and invoice.status == "open":
            locked.is_charged = True
            is_tried |= automatic.charge_invoice(invoice.id, now) in ("charging", "busy")
    return is_tried


def _try_untried(subscription: Subscription, invoice: Invoice, case: DunningCase, now: datetime) -> None:
    """Try a card for the first time, unless a step that is near does."""
    card = ways.find_card(invoice.customer_id)
    if card is None or case.status != "running" or not case.is_charged or case.next_at <= now + _ANSWER:
        return
    if invoice.status == "open" and not sessions.was_charged(invoice.id, card.id):
        _charge(subscription, invoice, now)


def take_up_card(customer_id: UUID, public_id: str, now: datetime) -> None:
    """Have a card that was just stored be the one that is charged while something is overdue, and try it at once; at
    any other time it is its customer who chooses."""
    subscription = subscriptions.lock_live(customer_id)
    if subscription is not None and subscription.status in ("past_due", "suspended"):
        methods.make_default(customer_id, public_id)
        try_new_card(customer_id, now)


def take_step(invoice_id: UUID, now: datetime) -> None:
    """Do what is due about an invoice that was not paid; what comes too early waits for its time."""
    subscription, invoice = subscriptions.lock(subscription_of(invoice_id)), invoices.lock(invoice_id)
    case = dunning_cases.find_locked(invoice_id)
    if case is None or case.status == "closed":
        return
    if now < case.next_at:
        dunning_cases.stage_step(case)
    elif case.status == "suspended":
        _give_up(subscription, invoice, case, now)
    elif invoice.status != "open":
        dunning_cases.clear(invoice, now)
    elif subscription.status == "suspended":
        _hide(case, now)
    else:
        _try(subscription, invoice, case, now)


def _charge(subscription: Subscription, invoice: Invoice, now: datetime, *, by_card: bool = True) -> str:
    """Collect an invoice as ``automatic.charge_invoice`` does, by a card where it may be.

    :return: as that says; or ``no_rate``, where only the wallet could pay it and nobody knows its rate: then nobody is
        dunned (product.md, *Currency*).
    """
    is_hidden = subscription.status == "suspended"
    if is_hidden and invoice.status != "open":
        return "settled"
    outcome = automatic.charge_invoice(invoice.id, now) if by_card and not is_hidden else "no_card"
    return "no_rate" if outcome == "no_card" and not ways.is_wallet_ready(invoice.currency, now) else outcome


def _begin(subscription: Subscription, invoice: Invoice, reason: str, now: datetime, *, is_charged: bool) -> None:
    case = dunning_cases.open_case(subscription, invoice, now, is_charged=is_charged)
    if subscription.status == "suspended":
        _hide(case, now)
    else:
        _tell(subscription, invoice, case, reason, now)


def _try(subscription: Subscription, invoice: Invoice, case: DunningCase, now: datetime) -> None:
    outcome = _charge(subscription, invoice, now, by_card=case.is_charged)
    if outcome == "settled":
        return
    if outcome in ("charging", "busy"):
        case.is_awaited = case.is_awaited or outcome == "charging"
        _wait(case, now + _ANSWER)
        return
    busy_until = sessions.live_until(invoice.id)
    if busy_until is not None or sessions.unended(invoice.id):
        _wait(case, max(busy_until or now, now) + _ANSWER)
        return
    if outcome == "no_rate":
        _wait(case, now + _AGAIN)
        return
    case.is_charged = case.is_charged and outcome != "parked"
    _advance(subscription, invoice, case, "overdue", now)


def _wait(case: DunningCase, until: datetime) -> None:
    case.next_at = until
    dunning_cases.stage_step(case)


def _advance(subscription: Subscription, invoice: Invoice, case: DunningCase, reason: str, now: datetime) -> None:
    """Count a step; after the last one what is not paid for is hidden."""
    taken = case.step + 1
    if taken < dunning_rules.LAST and subscription.status != "suspended":
        case.step, case.is_awaited = taken, False
        _wait(case, dunning_rules.next_step_at(case.started_at, case.step, case.invoice_id, now))
        _tell(subscription, invoice, case, reason, now)
        return
    _hide(case, now)
    if subscription.status == "past_due":
        suspension.suspend(subscription, invoice, dunning_rules.ends_at(case.started_at), now)


def _hide(case: DunningCase, now: datetime) -> None:
    """Have a case of what is hidden wait for its end: no more is tried, and nobody is reminded."""
    move_case(case, "suspended", step=dunning_rules.LAST, is_awaited=False)
    _wait(case, max(dunning_rules.ends_at(case.started_at), now))


def _give_up(subscription: Subscription, invoice: Invoice, case: DunningCase, now: datetime) -> None:
    """End what was suspended for so long; what it still owes, if anything, is not collected any more."""
    move_case(case, "closed", ended_at=now)
    if invoice.status == "open":
        move(invoice, "uncollectible")
    if subscription.status == "suspended":
        subscriptions.end(subscription, now)


def _tell(subscription: Subscription, invoice: Invoice, case: DunningCase, reason: str, now: datetime) -> None:
    customer = customers.get(invoice.customer_id)
    last_at = dunning_rules.step_at(case.started_at, dunning_rules.LAST, case.invoice_id)
    facts: dict[str, Any] = {
        "business_id": ids.text(customer.business_id),
        "reason": reason,
        "invoice": invoice.public_id,
        "number": invoice.number,
        "amount": invoice.due.amount,
        "carried": open_invoices.to_pay(invoice)[1].amount,
        "currency": invoice.currency,
        "tried_on": local_date(customer, case.next_at) if dunning_cases.tries_card(case, invoice) else None,
        "hidden_on": local_date(customer, last_at) if subscription.status in LISTED else None,
    }
    outbox.record(OVERDUE, subscription.public_id, facts, now)
