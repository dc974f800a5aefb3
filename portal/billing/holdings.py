"""What a running subscription holds of its period, and what that has been invoiced."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, bindparam, func, insert, select

from portal.billing.models import PeriodHolding, Subscription, SubscriptionPeriod
from portal.billing.periods import Period
from portal.billing.proration import Holding
from portal.billing.queries import Deal
from portal.invoicing.models import CreditNote, Invoice
from portal.kit.db import db, table_of
from portal.kit.money import Money

_HOLDING, _PERIOD = table_of(PeriodHolding).c, table_of(SubscriptionPeriod).c
_INVOICE, _NOTE = table_of(Invoice).c, table_of(CreditNote).c
FOR_CHANGE = "change"
"""The reason of credit notes that count in what a period was invoiced; others leave that as it is."""
_ADD = insert(table_of(PeriodHolding))
_OF_SUBSCRIPTION = select(
    _PERIOD.id, _PERIOD.rate_on, _PERIOD.number, _PERIOD.starts_on, _PERIOD.ends_on, _PERIOD.starts_at, _PERIOD.ends_at
).where(_PERIOD.subscription_id == bindparam("subscription_id"))
_CURRENT = _OF_SUBSCRIPTION.where(_PERIOD.starts_at <= bindparam("now"), _PERIOD.ends_at > bindparam("now"))
_NEXT = _OF_SUBSCRIPTION.where(_PERIOD.starts_at > bindparam("now"))
_HELD = (
    select(_HOLDING.code, _HOLDING.quantity, _HOLDING.unit_amount, _HOLDING.from_on)
    .where(_HOLDING.period_id == bindparam("period_id"))
    .order_by(_HOLDING.id)
)
_CHARGED = (
    select(func.coalesce(func.sum(_INVOICE.total_amount), 0))
    .where(
        _INVOICE.subscription_id == bindparam("subscription_id"),
        _INVOICE.period_starts_on == bindparam("starts_on"),
        _INVOICE.number.is_not(None),
    )
    .scalar_subquery()
)
_CREDITED = (
    select(func.coalesce(func.sum(_NOTE.total_amount), 0))
    .where(_NOTE.period_id == bindparam("period_id"), _NOTE.reason == FOR_CHANGE)
    .scalar_subquery()
)
_INVOICED = select(_CHARGED - _CREDITED)


@dataclass(frozen=True, slots=True)
class Current:
    """A period that runs or is about to, all that is held of it, and what it has been invoiced for that."""

    id: UUID
    period: Period
    rate_on: date | None
    held: Sequence[Holding]
    invoiced: Money


def running(subscription_id: UUID, now: datetime) -> UUID | None:
    """Return the key of the period that runs at ``now``, if one does."""
    found = db.execute(_CURRENT, {"subscription_id": subscription_id, "now": now}).one_or_none()
    return found.id if found else None


def current(subscription: Subscription, currency: str, now: datetime) -> Current | None:
    """Return the period of a subscription that runs at ``now``; None between two of them, or before the first."""
    return _read(_CURRENT, subscription, currency, now)


def following(subscription: Subscription, currency: str, now: datetime) -> Current | None:
    """Return the period that is invoiced already and begins after ``now``, if there is one."""
    return _read(_NEXT, subscription, currency, now)


def _read(query: Select[Any], subscription: Subscription, currency: str, now: datetime) -> Current | None:
    found = db.execute(query, {"subscription_id": subscription.id, "now": now}).one_or_none()
    if found is None:
        return None
    period_id, rate_on, *span = found
    period = Period(*span)
    of = {"subscription_id": subscription.id, "period_id": period_id, "starts_on": period.starts_on}
    invoiced = Money(int(db.execute(_INVOICED, of).scalar_one()), currency)
    return Current(period_id, period, rate_on, _held(period_id, currency), invoiced)


def agreed(deal: Deal, from_on: date) -> list[Holding]:
    """Return what a confirmed quote takes up and gives up, as its lines say, from a day on."""
    currency = deal.credit.currency
    return [
        Holding(line["code"], line["quantity"], Money(line["unit"], currency), from_on) for line in deal.terms["lines"]
    ]


def take_up(period_id: UUID, change: Sequence[Holding]) -> None:
    """Write down what is taken up and given up."""
    db.execute(
        _ADD,
        [
            {
                "period_id": period_id,
                "code": holding.code,
                "quantity": holding.quantity,
                "unit_amount": holding.unit.amount,
                "from_on": holding.from_on,
            }
            for holding in change
        ],
    )


def _held(period_id: UUID, currency: str) -> list[Holding]:
    return [
        Holding(code, quantity, Money(amount, currency), from_on)
        for code, quantity, amount, from_on in db.execute(_HELD, {"period_id": period_id})
    ]
