"""A plan that runs, for tests of what changes in it: started by the product's own functions, on a day that is known."""

from datetime import UTC, datetime

from sqlalchemy import select

from portal.billing import queries
from portal.billing.apply_payment import apply_payment
from portal.billing.models import Quote, Subscription
from portal.currency import rates
from portal.directory import businesses
from portal.directory.models import Business
from portal.invoicing.models import CreditNote, Customer, Invoice
from portal.kit import clock, edge
from portal.kit.db import db
from portal.payments.models import PaymentSession
from tests.support import shop
from tests.support.world import PER_EURO

FIRST = datetime(2027, 4, 1, 12, tzinfo=UTC)
"""The first day of a month of 30 days, in London's summer."""


def until(instant: datetime) -> None:
    """Let it be that instant, with rates of its day, and renew what is due by then."""
    clock.advance(instant - edge.now())
    rates.store({instant.date(): PER_EURO}, "test", edge.now())
    shop.renew_all()


def started(tier: str, branches: int = 0) -> Customer:
    """Start a plan with so many further branches on ``FIRST``, in London."""
    until(FIRST)
    business = shop.make_business(shop.make_owner())
    for number in range(branches):
        shop.make_branch(business, f"Further {number}")
    customer = shop.make_customer(business)
    assert paid(customer, shop.make_quote(customer, tier)) == "paid"
    return customer


def business_of(customer: Customer) -> Business:
    """Return the business that a customer is."""
    assert customer.business_id is not None
    return businesses.get(customer.business_id)


def paid(customer: Customer, quote: Quote) -> str:
    """Confirm a quote and pay what it leaves to pay; return what became of the money."""
    return pay(shop.open_session(customer, quote))


def pay(session: PaymentSession) -> str:
    """Pay a session this moment; return what became of the money."""
    return apply_payment(session, shop.evidence_for(session, provider=session.provider), edge.now())


def subscription_of(customer: Customer) -> Subscription:
    """Return the subscription that has not ended."""
    found = queries.find_live(customer.id)
    assert found is not None
    return found


def invoices_of(customer: Customer) -> list[Invoice]:
    """Return the issued invoices, newest first."""
    issued = select(Invoice).where(Invoice.customer_id == customer.id, Invoice.number.is_not(None))
    return list(db.scalars(issued.order_by(Invoice.issued_at.desc(), Invoice.id.desc())))


def notes_of(customer: Customer) -> list[CreditNote]:
    """Return the credit notes, oldest first."""
    return list(db.scalars(select(CreditNote).where(CreditNote.customer_id == customer.id).order_by(CreditNote.id)))
