"""Reading agreements."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, bindparam, func, select
from sqlalchemy.orm import aliased

from portal.billing.models import Quote, Subscription, SubscriptionPeriod
from portal.invoicing.models import Customer, Invoice
from portal.kit.db import db
from portal.kit.money import Money

_newest = aliased(SubscriptionPeriod)
_STANDING = (
    select(Customer, Subscription, SubscriptionPeriod, Invoice)
    .outerjoin(Subscription, and_(Subscription.customer_id == Customer.id, Subscription.status != "cancelled"))
    .outerjoin(
        SubscriptionPeriod,
        and_(
            SubscriptionPeriod.subscription_id == Subscription.id,
            SubscriptionPeriod.number
            == select(func.max(_newest.number)).where(_newest.subscription_id == Subscription.id).scalar_subquery(),
        ),
    )
    .outerjoin(Invoice, Invoice.id == SubscriptionPeriod.invoice_id)
    .where(Customer.business_id == bindparam("business_id"))
)


@dataclass(frozen=True, slots=True)
class Standing:
    """How a business stands: its customer, what runs, the newest period and what that cost; None before each began."""

    customer: Customer | None = None
    subscription: Subscription | None = None
    period: SubscriptionPeriod | None = None
    price: Money | None = None


def standing(business_id: UUID) -> Standing:
    """Return how a business stands, by one question."""
    found = db.execute(_STANDING, {"business_id": business_id}).one_or_none()
    if found is None:
        return Standing()
    customer, subscription, period, invoice = found
    return Standing(customer, subscription, period, invoice.total if invoice else None)


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
