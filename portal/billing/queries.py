"""Reading agreements."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from portal.billing.models import Quote, Subscription, SubscriptionPeriod
from portal.directory.models import Business
from portal.invoicing.models import Customer, Invoice
from portal.kit.db import db, table_of
from portal.kit.money import Money

_quote, _customer, _business = table_of(Quote), table_of(Customer), table_of(Business)
_invoice = table_of(Invoice)
_DEAL = (
    select(
        _quote.c.terms, _quote.c.credit_amount, _quote.c.currency, _quote.c.quoted_on,
        _customer.c.public_id, _customer.c.time_zone, _customer.c.business_id,
        _business.c.name, _business.c.email, _business.c.country,
    )
    .join_from(_quote, _customer, _customer.c.id == _quote.c.customer_id)
    .outerjoin(_business, _business.c.id == _customer.c.business_id)
    .where(_quote.c.id == bindparam("quote_id"))
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Buyer:
    """A business that buys, as its invoices name it."""

    id: UUID
    name: str
    email: str
    country: str


@dataclass(frozen=True, slots=True)
class Deal:
    """Who agreed to what, as plain values; ``buyer`` is None where the customer is no business."""

    terms: dict[str, Any]
    credit: Money
    """The part that the customer's credit pays."""
    quoted_on: date
    customer: str
    """Public id."""
    time_zone: str
    buyer: Buyer | None


def deal(quote_id: UUID) -> Deal:
    """Return everything a quote was agreed on with, by one question."""
    row = db.execute(_DEAL, {"quote_id": quote_id}).one()
    buyer = Buyer(row.business_id, row.name, row.email, row.country) if row.business_id else None
    credit = Money(row.credit_amount, row.currency)
    return Deal(row.terms, credit, row.quoted_on, row.public_id, row.time_zone, buyer)


def named(buyer: Buyer | None, customer: str) -> dict[str, Any]:
    """Return whom an invoice names, as of today: a business, or a customer that is none by its public id."""
    if buyer is None:
        return {"name": customer, "country": ""}
    return {"name": buyer.name, "email": buyer.email, "country": buyer.country}


def find_buyer(customer: Customer) -> Buyer | None:
    """Return the business that a customer is, if it is one."""
    found = db.get(Business, customer.business_id) if customer.business_id else None
    return Buyer(found.id, found.name, found.email, found.country) if found else None


def deal_of(invoice: Invoice) -> Deal:
    """Return what an invoice was agreed on with; a renewal, which nobody confirms, has no terms."""
    if invoice.quote_id is not None:
        return deal(invoice.quote_id)
    customer = db.get_one(Customer, invoice.customer_id)
    nothing, buyer = Money.zero(invoice.currency), find_buyer(customer)
    return Deal({}, nothing, invoice.issued_on, customer.public_id, customer.time_zone, buyer)


def find_live(customer_id: UUID) -> Subscription | None:
    """Return the customer's subscription that has not ended, if there is one."""
    query = select(Subscription).where(Subscription.customer_id == customer_id, Subscription.status != "cancelled")
    return db.scalars(query).one_or_none()


def local_date(customer: Customer, instant: datetime) -> str:
    """Return the day that an instant is on for a customer, as events tell it."""
    return instant.astimezone(ZoneInfo(customer.time_zone)).date().isoformat()


def newest_period(subscription_id: UUID) -> SubscriptionPeriod | None:
    """Return the newest period of a subscription, None before it starts."""
    query = select(SubscriptionPeriod).where(SubscriptionPeriod.subscription_id == subscription_id)
    return db.scalars(query.order_by(SubscriptionPeriod.number.desc()).limit(1)).first()


@dataclass(frozen=True, slots=True)
class Shown:
    """Where what a payment is for is shown: its invoice once that is issued, its quote before; both public ids."""

    invoice: str | None
    quote: str | None


def shown_of(invoice_id: UUID) -> Shown:
    """Return where what an invoice or a draft is for is shown."""
    query = (
        select(_invoice.c.public_id, _invoice.c.number, _quote.c.public_id)
        .outerjoin(_quote, _quote.c.id == _invoice.c.quote_id)
        .where(_invoice.c.id == invoice_id)
    )
    invoice, number, quote = db.execute(query).one()
    return Shown(invoice if number else None, quote)
