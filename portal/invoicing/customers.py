"""Customers: who pays. A business becomes one when it first chooses a tier."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.dialects.postgresql import insert

from portal.directory.models import Business
from portal.invoicing.models import Customer
from portal.kit import ids
from portal.kit.db import db, table_of
from portal.kit.errors import NotFound

_OF_BUSINESS = select(Customer).where(Customer.business_id == bindparam("business_id"))
_BY_ID = select(Customer).where(Customer.id == bindparam("customer_id"))
_ADD = insert(table_of(Customer)).on_conflict_do_nothing(index_elements=["business_id"])


def of_business(business: Business, now: datetime) -> Customer:
    """Return the customer of a business, made at its first use with the business's currency and time zone."""
    found = find_of_business(business.id)
    if found is not None:
        return found
    row = {
        "public_id": ids.public_id("cus"),
        "kind": "vendor",
        "business_id": business.id,
        "currency": business.currency,
        "time_zone": business.time_zone,
        "created_at": now,
    }
    db.execute(_ADD, row)
    return db.scalars(_OF_BUSINESS, {"business_id": business.id}).one()


def find_of_business(business_id: UUID) -> Customer | None:
    """Return the customer of a business, or None while it never chose a tier."""
    return db.scalars(_OF_BUSINESS, {"business_id": business_id}).one_or_none()


def get_of_business(business_id: UUID) -> Customer:
    """Return the customer of a business.

    :raises NotFound: it never chose a tier, so nothing of a customer's is its.
    """
    found = find_of_business(business_id)
    if found is None:
        raise NotFound
    return found


def get(customer_id: UUID) -> Customer:
    """Return a customer by key."""
    return db.scalars(_BY_ID, {"customer_id": customer_id}).one()
