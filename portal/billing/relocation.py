"""Living in another time zone from now on: it shapes only boundaries to come (product.md, *Periods*)."""

from datetime import date, datetime

from portal.billing import hibernation, subscriptions
from portal.billing.hibernation import WAKE
from portal.billing.models import Subscription
from portal.directory import businesses
from portal.directory.models import Business
from portal.identity import audit
from portal.identity.models import User
from portal.invoicing import customers
from portal.kit.db import db


def move(business: Business, time_zone: str, mover: User, now: datetime) -> None:
    """Have a business live in another time zone (IANA), and whoever pays for it; asking twice changes nothing more.

    Periods that are invoiced already keep their days and instants; a day on which to wake begins where it lives then.

    :raises NoSuchChoice: it is none of the zones.
    :raises ChangeInProgress: what is being paid begins on the day it is where it lived so far.
    """
    if time_zone == business.time_zone:
        return
    customer = customers.find_of_business(business.id)
    subscription = subscriptions.lock_live(customer.id) if customer is not None else None
    if subscription is not None:
        subscriptions.refuse_while_paying(subscription)
    facts = {"from": business.time_zone, "to": time_zone}
    businesses.move(business, time_zone)
    if customer is not None:
        customer.time_zone = time_zone
        db.flush()
    if subscription is not None and subscription.wakes_on is not None:
        _wake_there(subscription, subscription.wakes_on, facts, now)
    audit.record(mover.public_id, "business.moved", business.public_id, facts, now)


def _wake_there(subscription: Subscription, wakes_on: date, facts: dict[str, str], now: datetime) -> None:
    """Have what is to wake wake when that day begins there; where it begins later, it is looked at too early once."""
    if hibernation.wakes_at(wakes_on, facts["from"]) > now:
        wakes_at = hibernation.wakes_at(wakes_on, facts["to"])
        hibernation.stage(WAKE, subscription, wakes_on, max(wakes_at, now))
