"""The day on which a hibernating listing is to wake: kept where credit or the stored card pays, else a link is sent
ahead of it."""

from datetime import date, datetime
from uuid import UUID

from portal.billing import checkout, hibernation, quote_change, subscriptions, unattended, ways
from portal.billing.errors import PayFirst
from portal.billing.hibernation import WAKE
from portal.billing.models import Subscription
from portal.billing.pricing import terms_of
from portal.billing.states import LISTED
from portal.directory import branches
from portal.invoicing import credit_balance, customers
from portal.invoicing.models import Customer
from portal.kit import ids, outbox
from portal.kit.money import Money
from portal.payments import sessions

ASK = "billing.ask_to_wake"
WAITS = "billing.waking_waits"
"""The name of the event that whoever pays is asked to."""


def announce(subscription_id: UUID, wakes_on: date, now: datetime) -> None:
    """Send the link by which to pay for waking, ahead of its day, unless credit or a stored card can."""
    subscription = subscriptions.lock(subscription_id)
    if not _is_planned(subscription, wakes_on):
        return
    customer = customers.get(subscription.customer_id)
    most = month_awake(subscription, customer, now)
    if credit_balance.of(customer.id, customer.currency) < most and ways.find_card(customer.id) is None:
        _ask(subscription, customer, now)


def wake(subscription_id: UUID, wakes_on: date, now: datetime) -> None:
    """Wake a listing on its day where credit or the stored card pays for it; else whoever pays is asked to, once more.
    While another payment is under way that waits, and where its customer has moved to where that day begins later.

    :raises NotRunning: the period that the day is in has not begun yet; it is tried again.
    """
    subscription = subscriptions.lock(subscription_id)
    if not _is_planned(subscription, wakes_on):
        return
    if sessions.live_of_subscription(subscription.id) is not None:
        hibernation.stage(WAKE, subscription, wakes_on, now + unattended.UNTIL_PAID)
        return
    customer = customers.get(subscription.customer_id)
    wakes_at = hibernation.wakes_at(wakes_on, customer.time_zone)
    if now < wakes_at:
        hibernation.stage(WAKE, subscription, wakes_on, wakes_at)
        return
    try:
        quote = checkout.quote_waking(customer, ways.WALLET, now)
    except PayFirst:
        _ask(subscription, customer, now)
        return
    outcome = unattended.pay(customer, quote, now)
    if outcome == "charging":
        hibernation.stage(ASK, subscription, wakes_on, now + unattended.UNTIL_PAID)
    elif outcome == "no_card":
        _ask(subscription, customer, now)


def ask(subscription_id: UUID, wakes_on: date, now: datetime) -> None:
    """Ask whoever pays, where the stored card has not woken a listing on its day."""
    subscription = subscriptions.lock(subscription_id)
    if not _is_planned(subscription, wakes_on):
        return
    if sessions.live_of_subscription(subscription.id) is not None:
        hibernation.stage(ASK, subscription, wakes_on, now + unattended.UNTIL_PAID)
    else:
        _ask(subscription, customers.get(subscription.customer_id), now)


def month_awake(subscription: Subscription, customer: Customer, now: datetime) -> Money:
    """Return what a whole month awake costs: now with the branches that are paid for, after waking with all there are.

    Waking never costs more.

    :raises UnknownOffer: a price is not there.
    """
    extra = subscription.extra_branches
    if subscription.mode == "hibernating" and customer.business_id:
        extra = branches.count_extra(customer.business_id)
    wanted = terms_of("awake", subscription.tier_code, extra)
    return quote_change.month_price(wanted, subscription, customer.currency, now)


def month_asleep(subscription: Subscription, customer: Customer, now: datetime) -> Money:
    """Return what a whole month of hibernation costs.

    :raises UnknownOffer: it has no price.
    """
    wanted = terms_of("hibernating", subscription.tier_code, 0)
    return quote_change.month_price(wanted, subscription, customer.currency, now)


def _is_planned(subscription: Subscription, wakes_on: date) -> bool:
    is_asleep = subscription.mode == "hibernating" and subscription.status in LISTED
    return is_asleep and subscription.wakes_on == wakes_on


def _ask(subscription: Subscription, customer: Customer, now: datetime) -> None:
    facts = {
        "tier": subscription.tier_code,
        "business_id": ids.text(customer.business_id),
        "wakes_on": str(subscription.wakes_on),
    }
    outbox.record(WAITS, subscription.public_id, facts, now)
