"""Subscriptions: chosen, and started by their first payment."""

from dataclasses import asdict
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, insert, select

from portal.billing import entitlement, graces, holdings, periods, quotes
from portal.billing.errors import AlreadyStarted, ChangeInProgress
from portal.billing.models import Subscription, SubscriptionPeriod
from portal.billing.queries import Deal
from portal.billing.renewal_rules import first_look
from portal.billing.states import move
from portal.catalogue import price_book
from portal.directory import branches
from portal.invoicing import carried_account, customers
from portal.invoicing.models import Customer
from portal.kit import ids, outbox
from portal.kit.db import FRESH, db, table_of
from portal.payments import sessions

STARTED = "billing.subscription_started"
ENDED = "billing.subscription_ended"
_LOCK_LIVE = (
    select(Subscription)
    .where(Subscription.customer_id == bindparam("customer_id"), Subscription.status != "cancelled")
    .with_for_update()
)
_LOCK_ALL = (
    select(Subscription)
    .where(Subscription.customer_id == bindparam("customer_id"))
    .order_by(Subscription.id)
    .with_for_update()
)
_LOCK = select(Subscription).where(Subscription.id == bindparam("subscription_id")).with_for_update()
_ADD_PERIOD = insert(table_of(SubscriptionPeriod))


def lock_live(customer_id: UUID) -> Subscription | None:
    """Lock the customer's subscription that has not ended: the first lock of everything that moves money."""
    return db.scalars(_LOCK_LIVE, {"customer_id": customer_id}, execution_options=FRESH).one_or_none()


def lock(subscription_id: UUID) -> Subscription:
    """Lock a subscription and return it as it is now."""
    return db.scalars(_LOCK, {"subscription_id": subscription_id}, execution_options=FRESH).one()


def lock_all(customer_id: UUID) -> None:
    """Lock every subscription that a customer ever had, for what settles invoices of more than one; always before any
    other lock, and in one order."""
    db.scalars(_LOCK_ALL, {"customer_id": customer_id}, execution_options=FRESH).all()


def refuse_while_paying(subscription: Subscription) -> None:
    """Let nothing else move while a payment of a subscription is under way.

    :raises ChangeInProgress: one is.
    """
    live = sessions.live_of_subscription(subscription.id)
    if live is not None:
        raise ChangeInProgress(live.public_id)


def choose_tier(customer: Customer, tier_code: str, now: datetime) -> Subscription:
    """Choose, or choose anew, the tier of a subscription that has not started.

    :raises UnknownOffer: the tier is not sold.
    :raises ChangeInProgress: a payment for the earlier choice is under way.
    :raises AlreadyStarted: it runs; its tier is changed, not chosen.
    """
    price_book.get_tier_on_sale(tier_code, now)
    subscription = lock_live(customer.id)
    if subscription is None:
        subscription = Subscription(
            public_id=ids.public_id("sub"), customer_id=customer.id, tier_code=tier_code, created_at=now
        )
        db.add(subscription)
    elif subscription.status != "incomplete":
        raise AlreadyStarted
    elif subscription.tier_code != tier_code:
        refuse_while_paying(subscription)
        subscription.tier_code = tier_code
        subscription.version += 1
    db.flush()
    return subscription


def first_period(time_zone: str, starts_on: date) -> periods.Period:
    """Return the first period of a subscription that starts on ``starts_on`` where its customer lives."""
    return periods.period(starts_on, 0, ZoneInfo(time_zone))


def start(
    subscription: Subscription, deal: Deal, invoice_id: UUID | None, starts_on: date, now: datetime
) -> tuple[date, date]:
    """Start a locked subscription with its first period, list the business and show the branches that are paid.

    :param invoice_id: of the first period, which always has one.
    :return: the days of that period, the last one exclusive.
    """
    period = first_period(deal.time_zone, starts_on)
    paid = [UUID(branch_id) for branch_id in deal.terms["branches"]]
    move(
        subscription,
        "active",
        anchor_on=period.starts_on,
        started_at=now,
        renews_at=first_look(period.ends_at),
        price_version_id=UUID(deal.terms["price_version"]),
        extra_branches=len(paid),
        version=subscription.version + 1,
    )
    _open_period(subscription.id, deal, invoice_id, period)
    if deal.buyer is not None:
        branches.show(paid, now)
        entitlement.refresh(subscription, deal.buyer.id, now)
    facts = {
        "tier": subscription.tier_code,
        "business_id": str(deal.buyer.id) if deal.buyer else None,
        "invoice_id": str(invoice_id),
        "is_restored": deal.terms.get("is_restored", False),
    }
    outbox.record(STARTED, subscription.public_id, facts, now)
    return period.starts_on, period.ends_on


_NOTHING_MORE = {"renews_at": None, "pending_tier_code": None, "cancels_at_end": False, "turns_on": None}


def succeed(suspended: Subscription, tier_code: str, now: datetime) -> Subscription:
    """Put a subscription with a tier in the place of a locked, suspended one that ends: with its mode, choices and
    graces, and still to be started, as what is restored has a new anchor (product.md, *Failed payments*). A day of
    waking that has come meanwhile is none: nobody was shown its price."""
    today = quotes.local_day(customers.get(suspended.customer_id).time_zone, now)
    is_ahead = suspended.wakes_on is not None and suspended.wakes_on > today
    move(suspended, "cancelled", version=suspended.version + 1, **_NOTHING_MORE)
    successor = Subscription(
        public_id=ids.public_id("sub"),
        customer_id=suspended.customer_id,
        tier_code=tier_code,
        mode=suspended.mode,
        wakes_on=suspended.wakes_on if is_ahead else None,
        can_grow=suspended.can_grow,
        can_shrink=suspended.can_shrink,
        created_at=now,
    )
    db.add(successor)
    db.flush()
    graces.hand_on(suspended.id, successor.id)
    return successor


def moves_to(subscription: Subscription, tier_code: str) -> dict[str, str | None]:
    """Return what of a subscription moves with its tier: what was chosen for its period's end is pending no longer once
    it is held."""
    is_there = subscription.pending_tier_code == tier_code
    return {"tier_code": tier_code} | ({"pending_tier_code": None, "turns_on": None} if is_there else {})


def end(subscription: Subscription, now: datetime) -> None:
    """End a locked subscription for good: nothing of it is shown, and only branches that were to go are taken out; what
    it owes is left alone, but for what was carried, which is written off."""
    customer = customers.get(subscription.customer_id)
    move(subscription, "cancelled", version=subscription.version + 1, **_NOTHING_MORE)
    carried_account.write_off(customer, subscription.id, now)
    if customer.business_id is not None:
        branches.remove_leaving(customer.business_id, now)
        entitlement.refresh(subscription, customer.business_id, now)
    facts = {"business_id": ids.text(customer.business_id)}
    outbox.record(ENDED, subscription.public_id, facts, now)


def _open_period(subscription_id: UUID, deal: Deal, invoice_id: UUID | None, period: periods.Period) -> None:
    """Store a period with what is held from its first day on: the lines of its first invoice."""
    period_id, rate_on = ids.new_id(), deal.terms["lines"][0]["derivation"].get("rate_on")
    row = {"id": period_id, "subscription_id": subscription_id, "invoice_id": invoice_id, "rate_on": rate_on}
    db.execute(_ADD_PERIOD, row | asdict(period))
    holdings.take_up(period_id, holdings.agreed(deal, period.starts_on))
