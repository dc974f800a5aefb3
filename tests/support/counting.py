"""Products of a plan that runs, and the jobs that count them, for tests of what comes of their number."""

from datetime import datetime, timedelta

from sqlalchemy import select, text

from portal.billing import product_limits
from portal.billing.events import RECONCILE_PRODUCT_LIMITS
from portal.directory import businesses
from portal.directory.models import Business
from portal.invoicing.models import Customer
from portal.kit import edge, jobs
from portal.kit.db import db
from tests.directory.shops import make_product
from tests.support import running


def business_of(customer: Customer) -> Business:
    """Return the customer's business."""
    assert customer.business_id is not None
    return businesses.get(customer.business_id)


def add(customer: Customer, count: int) -> None:
    """Enter so many products and have them counted."""
    for number in range(count):
        make_product(business_of(customer), f"Cake {number}", edge.now())
    look(customer)


def look(customer: Customer) -> None:
    """Do what the worker does with the jobs that are due, as none runs here."""
    db.execute(text("UPDATE staged_jobs SET state = 'done', done_at = now() WHERE due_at <= business_now()"))
    product_limits.reconcile(business_of(customer).id, edge.now())


def after(customer: Customer, **time: int) -> None:
    """Let time pass, and have the products counted."""
    running.until(edge.now() + timedelta(**time))
    look(customer)


def next_look(customer: Customer) -> datetime | None:
    """Return when they are counted next by themselves."""
    key = f"{RECONCILE_PRODUCT_LIMITS}:{business_of(customer).id}"
    waiting = select(jobs.StagedJob.due_at).where(jobs.StagedJob.key == key, jobs.StagedJob.state == "pending")
    return db.scalars(waiting).one_or_none()
