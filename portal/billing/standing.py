"""How a business stands, for the first page of its vendors: one question, answered in plain values."""

from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import Row, and_, bindparam, func, select

from portal.billing.models import PeriodHolding, Subscription, SubscriptionPeriod
from portal.directory.models import Branch, Business
from portal.invoicing.models import Customer
from portal.kit.db import db, table_of
from portal.kit.money import Money
from portal.payments.models import PaymentSession
from portal.payments.states import LIVE_SESSION

_business, _branch, _customer = table_of(Business), table_of(Branch), table_of(Customer)
_subscription, _period = table_of(Subscription), table_of(SubscriptionPeriod)
_holding, _session = table_of(PeriodHolding), table_of(PaymentSession)
_newer = _period.alias()
_BRANCHES = (
    select(func.count())
    .where(_branch.c.business_id == _business.c.id, _branch.c.removed_at.is_(None))
    .scalar_subquery()
)
_NEWEST = select(func.max(_newer.c.number)).where(_newer.c.subscription_id == _subscription.c.id).scalar_subquery()
_UNDER_WAY = (
    select(_session.c.public_id)
    .where(_session.c.subscription_id == _subscription.c.id, _session.c.status.in_(LIVE_SESSION))
    .limit(1)
    .scalar_subquery()
)
_MONTHLY = (
    select(func.sum(_holding.c.unit_amount * _holding.c.quantity))
    .where(_holding.c.period_id == _period.c.id)
    .scalar_subquery()
)
_RUNS = and_(_subscription.c.customer_id == _customer.c.id, _subscription.c.status != "cancelled")
_STANDING = (
    select(
        _BRANCHES.label("branches"), _customer.c.id.label("customer_id"), _UNDER_WAY.label("session"),
        _subscription.c.status, _subscription.c.mode, _subscription.c.tier_code,
        _period.c.starts_on, _period.c.ends_on, _MONTHLY.label("monthly"), _customer.c.currency,
    )
    .select_from(_business)
    .outerjoin(_customer, _customer.c.business_id == _business.c.id)
    .outerjoin(_subscription, _RUNS)
    .outerjoin(_period, and_(_period.c.subscription_id == _subscription.c.id, _period.c.number == _NEWEST))
    .where(_business.c.id == bindparam("business_id"))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Agreement:
    """What runs, with its newest period (``ends_on`` exclusive) and what a whole one costs; None before the first."""

    status: str
    mode: str
    tier_code: str
    starts_on: date | None
    ends_on: date | None
    price: Money | None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a business stands; ``session`` is the public id of a payment under way."""

    branch_count: int = 0
    customer_id: UUID | None = None
    agreement: Agreement | None = None
    session: str | None = None


def standing(business_id: UUID) -> Standing:
    """Return how a business stands."""
    row = db.execute(_STANDING, {"business_id": business_id}).one()
    return Standing(row.branches, row.customer_id, _agreement(row) if row.status else None, row.session)


def _agreement(row: Row[*tuple[Any, ...]]) -> Agreement:
    price = None if row.monthly is None else Money(int(row.monthly), row.currency)
    return Agreement(row.status, row.mode, row.tier_code, row.starts_on, row.ends_on, price)
