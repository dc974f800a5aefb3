"""How a business stands, for the first page of its vendors: one question, answered in plain values."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, func, select, true

from portal.billing.models import Subscription, SubscriptionPeriod
from portal.billing.states import is_listed
from portal.directory.branches import UNSETTLED
from portal.directory.models import Branch, Business
from portal.invoicing.models import Customer, Invoice
from portal.invoicing.queries import DUE
from portal.kit.db import db, table_of
from portal.kit.money import Money
from portal.payments.models import PaymentSession
from portal.payments.states import LIVE_SESSION

_business, _branch, _customer = table_of(Business), table_of(Branch), table_of(Customer)
_subscription, _period = table_of(Subscription), table_of(SubscriptionPeriod)
_session, _invoice = table_of(PaymentSession), table_of(Invoice)
_newer = _period.alias()
_BRANCHES = (
    select(func.count())
    .where(_branch.c.business_id == _business.c.id, _branch.c.removed_at.is_(None))
    .scalar_subquery()
)
_WAITING = (
    select(func.count())
    .where(_branch.c.business_id == _business.c.id, _branch.c.removed_at.is_(None), UNSETTLED)
    .scalar_subquery()
)
_BEGUN = (
    select(func.max(_newer.c.number))
    .where(_newer.c.subscription_id == _subscription.c.id, _newer.c.starts_at <= func.business_now())
    .scalar_subquery()
)
"""The next period may be invoiced already; it is not the one that runs."""
_UNDER_WAY = (
    select(_session.c.public_id)
    .where(_session.c.subscription_id == _subscription.c.id, _session.c.status.in_(LIVE_SESSION))
    .limit(1)
    .scalar_subquery()
)
_RUNS = and_(_subscription.c.customer_id == _customer.c.id, _subscription.c.status != "cancelled")
_OWED = (
    select(_invoice.c.public_id.label("invoice"), _invoice.c.due_on, DUE.label("owed"))
    .where(_invoice.c.customer_id == _customer.c.id, _invoice.c.status == "open")
    .order_by(_invoice.c.issued_at, _invoice.c.id)
    .limit(1)
    .lateral("owed")
)
_STANDING = (
    select(
        _BRANCHES.label("branches"), _WAITING.label("waiting"), _UNDER_WAY.label("session"),
        _customer.c.id.label("customer_id"), _customer.c.currency,
        _subscription.c.id.label("subscription_id"), _subscription.c.status, _subscription.c.mode,
        _subscription.c.tier_code, _subscription.c.pending_tier_code, _subscription.c.cancels_at_end,
        _period.c.ends_on,
        _OWED.c.invoice, _OWED.c.due_on, _OWED.c.owed,
    )
    .select_from(_business)
    .outerjoin(_customer, _customer.c.business_id == _business.c.id)
    .outerjoin(_subscription, _RUNS)
    .outerjoin(_period, and_(_period.c.subscription_id == _subscription.c.id, _period.c.number == _BEGUN))
    .outerjoin(_OWED, true())
    .where(_business.c.id == bindparam("business_id"))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Agreement:
    """What runs, with the period that does (``ends_on`` exclusive); None before the first.

    ``becomes`` is the tier that was chosen for its end, and ``is_ending`` whether that is all.
    """

    id: UUID
    status: str
    mode: str
    tier_code: str
    ends_on: date | None
    becomes: str | None
    is_ending: bool


@dataclass(frozen=True, slots=True)
class Owed:
    """The oldest invoice that waits to be paid, by its public id, and what of it is still due."""

    invoice: str
    amount: Money
    due_on: date


@dataclass(frozen=True, slots=True)
class Standing:
    """How a business stands; ``session`` is the public id of a payment under way, ``waiting_count`` the number of
    branches in the open batch."""

    branch_count: int = 0
    waiting_count: int = 0
    customer_id: UUID | None = None
    agreement: Agreement | None = None
    session: str | None = None
    owed: Owed | None = None


def standing(business_id: UUID) -> Standing:
    """Return how a business stands."""
    row = db.execute(_STANDING, {"business_id": business_id}).one()
    owed = Owed(row.invoice, Money(row.owed, row.currency), row.due_on) if row.invoice else None
    agreement = _agreement(row) if row.status else None
    is_collecting = agreement is not None and is_listed(agreement.mode, agreement.status)
    waiting = row.waiting if is_collecting else 0
    return Standing(row.branches, waiting, row.customer_id, agreement, row.session, owed)


def _agreement(row: Row[*tuple[Any, ...]]) -> Agreement:
    return Agreement(
        row.subscription_id,
        row.status,
        row.mode,
        row.tier_code,
        row.ends_on,
        row.pending_tier_code,
        row.cancels_at_end,
    )
