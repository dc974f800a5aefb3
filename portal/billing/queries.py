"""Reading agreements."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, select

from portal.billing.models import Quote, Subscription, SubscriptionPeriod
from portal.directory.models import Business
from portal.invoicing.models import Customer, Invoice
from portal.kit.db import db

_DEAL = (
    select(Customer, Quote, Business)
    .join(Quote, Quote.customer_id == Customer.id)
    .outerjoin(Business, Business.id == Customer.business_id)
    .where(Quote.id == bindparam("quote_id"))
)


@dataclass(frozen=True, slots=True)
class Deal:
    """Who agreed to what: a confirmed quote, its customer, and the business of that customer, if it is one."""

    customer: Customer
    quote: Quote
    business: Business | None


def deal(quote_id: UUID) -> Deal:
    """Return everything a quote was agreed on with, by one question."""
    customer, quote, business = db.execute(_DEAL, {"quote_id": quote_id}).one()
    return Deal(customer, quote, business)


def find_live(customer_id: UUID) -> Subscription | None:
    """Return the customer's subscription that has not ended, if there is one."""
    query = select(Subscription).where(Subscription.customer_id == customer_id, Subscription.status != "cancelled")
    return db.scalars(query).one_or_none()


def newest_period(subscription_id: UUID) -> SubscriptionPeriod | None:
    """Return the newest period of a subscription, None before it starts."""
    query = select(SubscriptionPeriod).where(SubscriptionPeriod.subscription_id == subscription_id)
    return db.scalars(query.order_by(SubscriptionPeriod.number.desc()).limit(1)).first()


def quote_of_invoice(invoice_id: UUID) -> Quote:
    """Return the quote that an invoice or draft was made from."""
    return db.scalars(select(Quote).join(Invoice, Invoice.quote_id == Quote.id).where(Invoice.id == invoice_id)).one()
