"""Invoices that were not paid in time: opened with the first failure, closed by whatever settles them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, func, select

from portal.billing import dunning_rules, subscriptions, ways
from portal.billing.dunning_rules import Milestone
from portal.billing.models import DunningCase, Subscription
from portal.billing.states import move, move_case
from portal.invoicing import invoices
from portal.invoicing.models import Invoice
from portal.kit import jobs
from portal.kit.db import FRESH, db
from portal.kit.money import Money

TAKE_STEP = "billing.take_dunning_step"
_LOCK = select(DunningCase).where(DunningCase.invoice_id == bindparam("invoice_id")).with_for_update()
_OPEN = (
    select(DunningCase)
    .where(DunningCase.subscription_id == bindparam("subscription_id"), DunningCase.status != "closed")
    .order_by(DunningCase.started_at)
)
_HIDDEN = (
    select(Subscription.tier_code, func.min(DunningCase.next_at).label("ends_at"))
    .join(Invoice, Invoice.subscription_id == Subscription.id)
    .join(DunningCase, DunningCase.subscription_id == Subscription.id)
    .where(Invoice.id == bindparam("invoice_id"), Invoice.number.is_not(None))
    .where(Subscription.status == "suspended", DunningCase.status == "suspended")
    .group_by(Subscription.id)
)


def find_locked(invoice_id: UUID) -> DunningCase | None:
    """Lock the case of a locked invoice, if there is one."""
    return db.scalars(_LOCK, {"invoice_id": invoice_id}, execution_options=FRESH).one_or_none()


def list_open(subscription_id: UUID) -> Sequence[DunningCase]:
    """Return the open cases of a subscription, oldest first."""
    return db.scalars(_OPEN, {"subscription_id": subscription_id}).all()


@dataclass(frozen=True, slots=True)
class Overdue:
    """What a subscription owes and is overdue: the invoice by public id, what is due of it, and its time line."""

    invoice: str
    number: str
    due: Money
    milestones: Sequence[Milestone]


def list_overdue(subscription: Subscription | None) -> Sequence[Overdue]:
    """Return what is overdue of a subscription, oldest first; nobody is asked where nothing can be."""
    if subscription is None or subscription.status not in ("past_due", "suspended"):
        return []
    found = select(DunningCase, Invoice).join(Invoice, Invoice.id == DunningCase.invoice_id)
    mine = found.where(DunningCase.subscription_id == subscription.id, DunningCase.status != "closed")
    return [_overdue(case, invoice) for case, invoice in db.execute(mine.order_by(DunningCase.started_at))]


def _overdue(case: DunningCase, invoice: Invoice) -> Overdue:
    is_suspended = case.status == "suspended"
    tries = tries_card(case, invoice)
    line = dunning_rules.time_line(case.started_at, case.step, tries, is_suspended, case.invoice_id)
    return Overdue(invoice.public_id, str(invoice.number), invoice.due, line)


def tries_card(case: DunningCase, invoice: Invoice) -> bool:
    """Whether the next step of a case charges a card: one that may be, and that its customer has by now."""
    return case.is_charged and ways.find_card(invoice.customer_id) is not None


@dataclass(frozen=True, slots=True)
class Hidden:
    """What is suspended: its tier by code, and until when it can be brought back."""

    tier_code: str
    ends_at: datetime


def find_hidden(invoice_id: UUID) -> Hidden | None:
    """Return what is suspended and is not brought back by paying only this issued invoice of it; most often none."""
    row = db.execute(_HIDDEN, {"invoice_id": invoice_id}).one_or_none()
    return None if row is None else Hidden(row.tier_code, row.ends_at)


def open_case(subscription: Subscription, invoice: Invoice, now: datetime, *, is_charged: bool) -> DunningCase:
    """Open the case of a locked invoice that has none, with its first failure; what is paid for by it is past due."""
    case = DunningCase(
        invoice_id=invoice.id,
        subscription_id=subscription.id,
        started_at=now,
        is_charged=is_charged,
        next_at=dunning_rules.next_step_at(now, 0, invoice.id, now),
    )
    db.add(case)
    db.flush()
    if subscription.status == "active":
        move(subscription, "past_due")
    stage_step(case)
    return case


def stage_step(case: DunningCase) -> None:
    """Stage what is next about a case; of one case only one job waits, and one that comes too early does nothing."""
    key = f"{TAKE_STEP}:{case.invoice_id}"
    jobs.stage(TAKE_STEP, queue=jobs.Queue.DEFAULT, due_at=case.next_at, key=key, invoice_id=str(case.invoice_id))


def clear(invoice: Invoice, now: datetime) -> None:
    """Close the case of a locked invoice of which nothing is owed any more, and take its subscription along.

    What was past due is active again once nothing else is overdue. What is suspended stays so: it can be brought back
    until its last day, for which its case goes on to wait (product.md, *Failed payments*).
    """
    case = find_locked(invoice.id) if invoice.status != "open" else None
    if case is None or case.status == "closed":
        return
    subscription = subscriptions.lock(case.subscription_id)
    if case.status == subscription.status == "suspended":
        return
    move_case(case, "closed", ended_at=now, is_awaited=False)
    others = select(func.count()).where(DunningCase.subscription_id == subscription.id, DunningCase.status != "closed")
    if subscription.status == "past_due" and not db.execute(others).scalar_one():
        move(subscription, "active")


def clear_all(subscription: Subscription, now: datetime) -> None:
    """Close the cases of a locked subscription of which nothing is owed any more, once it is suspended no longer."""
    for case in list_open(subscription.id):
        clear(invoices.lock(case.invoice_id), now)
