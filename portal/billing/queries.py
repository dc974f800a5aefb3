"""Reading agreements."""

from uuid import UUID

from sqlalchemy import select

from portal.billing.models import Quote, Subscription, SubscriptionPeriod
from portal.invoicing.models import Invoice
from portal.kit.db import db
from portal.kit.money import Money


def find_live(customer_id: UUID) -> Subscription | None:
    """Return the customer's subscription that has not ended, if there is one."""
    query = select(Subscription).where(Subscription.customer_id == customer_id, Subscription.status != "cancelled")
    return db.scalars(query).one_or_none()


def newest_period(subscription_id: UUID) -> SubscriptionPeriod | None:
    """Return the newest period of a subscription, None before it starts."""
    query = select(SubscriptionPeriod).where(SubscriptionPeriod.subscription_id == subscription_id)
    return db.scalars(query.order_by(SubscriptionPeriod.number.desc()).limit(1)).first()


def period_total(period_id: UUID) -> Money:
    """Return what a period cost; with nothing changed, the next one costs the same."""
    query = select(Invoice.total_amount, Invoice.currency).join(
        SubscriptionPeriod, SubscriptionPeriod.invoice_id == Invoice.id
    )
    amount, currency = db.execute(query.where(SubscriptionPeriod.id == period_id)).one()
    return Money(amount, currency)


def quote_of_invoice(invoice_id: UUID) -> Quote:
    """Return the quote that an invoice or draft was made from."""
    return db.scalars(select(Quote).join(Invoice, Invoice.quote_id == Quote.id).where(Invoice.id == invoice_id)).one()
