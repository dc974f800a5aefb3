"""Hiding what is not paid for: nothing is deleted, nothing more is invoiced, and only the days shown are still owed."""

from datetime import date, datetime
from typing import Any

from portal.billing import entitlement, holdings, period_credit, quote_change
from portal.billing.holdings import Current
from portal.billing.models import Subscription
from portal.billing.period_credit import Credited
from portal.billing.pricing import day_lines
from portal.billing.proration import difference, step
from portal.billing.queries import local_date
from portal.billing.states import move
from portal.directory import branches
from portal.invoicing import customers, invoices
from portal.invoicing.models import Customer, Invoice
from portal.kit import ids, outbox
from portal.kit.money import Money

SUSPENDED = "billing.subscription_suspended"


def suspend(subscription: Subscription, invoice: Invoice, ends_at: datetime, now: datetime) -> None:
    """Suspend a locked, past due subscription, and credit what it was invoiced for the days that are left.

    :param invoice: locked, what was not paid.
    :param ends_at: when it ends if that goes on.
    """
    customer = customers.get(subscription.customer_id)
    gone = branches.remove_leaving(customer.business_id, now) if customer.business_id is not None else 0
    fewer = subscription.extra_branches - gone
    dropped = "end" if subscription.cancels_at_end else subscription.pending_tier_code
    nothing = {"renews_at": None, "pending_tier_code": None, "cancels_at_end": False, "turns_on": None}
    move(subscription, "suspended", version=subscription.version + 1, extra_branches=fewer, **nothing)
    _credit_days_left(subscription, customer, now)
    _credit_following(subscription, customer, now)
    if customer.business_id is not None:
        entitlement.refresh(subscription, customer.business_id, now)
    owed = invoices.lock(invoice.id)
    facts: dict[str, Any] = {
        "business_id": ids.text(customer.business_id),
        "invoice": owed.public_id,
        "number": owed.number,
        "amount": owed.due.amount,
        "currency": owed.currency,
        "ends_on": local_date(customer, ends_at),
        "dropped": dropped,
    }
    outbox.record(SUSPENDED, subscription.public_id, facts, now)


def _credit_days_left(subscription: Subscription, customer: Customer, now: datetime) -> None:
    """Give up all that is held from today on: what that comes to is taken off what is open first (*Proration*)."""
    running = holdings.current(subscription, customer.currency, now)
    if running is not None:
        _give_up(subscription, running, quote_change.day_of(running, customer, now), now)


def _credit_following(subscription: Subscription, customer: Customer, now: datetime) -> None:
    """Give up the whole of a period that is invoiced already and will not be shown."""
    following = holdings.following(subscription, customer.currency, now)
    if following is not None:
        _give_up(subscription, following, following.period.starts_on, now)


def _give_up(subscription: Subscription, of: Current, on: date, now: datetime) -> None:
    change = step(of.held, (), {}, on)
    if not change:
        return
    due, shares = difference(of.held, change, of.invoiced, of.period)
    holdings.take_up(of.id, change)
    if due < Money.zero(due.currency):
        credited = Credited(subscription.id, of.id, of.period.starts_on)
        period_credit.credit_change(credited, day_lines(change, shares, of.period), -due, now)
