"""What is chosen for the end of a period: another tier, or the end of the plan; until then it can be taken back.

A newer choice replaces the older. What was invoiced ahead follows at once (``advance``).
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update

from portal.billing import advance, dunning_cases, entitlement, holdings, quote_change, subscriptions
from portal.billing.errors import Hibernating, NoPlan, NothingPending, PayFirst, SameTier
from portal.billing.holdings import Current
from portal.billing.models import Subscription, TierFit
from portal.billing.renewal_rules import first_look
from portal.billing.states import move
from portal.catalogue import price_book
from portal.invoicing import customers
from portal.invoicing.models import Customer
from portal.kit import ids, jobs, outbox
from portal.kit.db import db

TURN = "billing.turn"
CHOSEN = "billing.turn_chosen"
TAKEN_BACK = "billing.turn_taken_back"
TURNED = "billing.turned"


def choose_tier(customer: Customer, tier_code: str, now: datetime) -> Subscription:
    """Have a plan go on as another tier from its next period on, in place of whatever was chosen for that before; to
    choose the same once more changes nothing.

    :raises NoPlan, BetweenPeriods, ChangeInProgress, UnknownOffer, SameTier: see what they say.
    :raises Hibernating: what it wakes as is chosen at once.
    :raises PayFirst: it adds to the cost of what is not paid for.
    """
    subscription, running = _lock(customer, now)
    if subscription.mode == "hibernating":
        raise Hibernating
    version = quote_change.kept_version(subscription, now)
    wanted, held = (price_book.get_tier(version, code, now) for code in (tier_code, subscription.tier_code))
    if tier_code == subscription.tier_code:
        raise SameTier
    if subscription.status != "active" and wanted.amount > held.amount:
        raise PayFirst
    if subscription.pending_tier_code != tier_code:
        _choose(subscription, customer, running, now, pending_tier_code=tier_code, cancels_at_end=False)
    return subscription


def cancel(customer: Customer, now: datetime) -> Subscription:
    """Let a plan end with its period; one that never started, is suspended, or has no period that runs ends at once.

    What the days shown come to stays owed.

    :raises NoPlan, BetweenPeriods, ChangeInProgress: see what they say.
    """
    locked = subscriptions.lock_live(customer.id)
    if locked is not None and _ends_at_once(locked, now):
        subscriptions.refuse_while_paying(locked)
        subscriptions.end(locked, now)
        dunning_cases.clear_all(locked, now)
        return locked
    subscription, running = _lock(customer, now)
    if not subscription.cancels_at_end:
        _choose(subscription, customer, running, now, pending_tier_code=None, cancels_at_end=True)
    return subscription


def _ends_at_once(subscription: Subscription, now: datetime) -> bool:
    """Whether ending a plan has no period's end to wait for: none was paid, it is hidden, or the next one has no price
    yet, so that nothing is invoiced of the days since the last."""
    return subscription.status in ("incomplete", "suspended") or holdings.running(subscription.id, now) is None


def take_back(customer: Customer, now: datetime) -> Subscription:
    """Let a plan go on as it is.

    :raises NothingPending: nothing was chosen for its period's end, or that has come.
    :raises NoPlan, BetweenPeriods, ChangeInProgress: see what they say.
    """
    subscription, running = _lock(customer, now)
    if subscription.turns_on is None:
        raise NothingPending
    facts = _facts(subscription, customer)
    looks_at = _looks_at(subscription, running, now)
    _move(subscription, now, pending_tier_code=None, cancels_at_end=False, turns_on=None, renews_at=looks_at)
    outbox.record(TAKEN_BACK, subscription.public_id, facts, now)
    return subscription


def _lock(customer: Customer, now: datetime) -> tuple[Subscription, Current]:
    """Lock what runs for a decision, which any that was made without asking gives way to (``tier_fits``)."""
    subscription = subscriptions.lock_live(customer.id)
    if subscription is None:
        raise NoPlan
    running = quote_change.get_running(subscription, customer, now)
    subscriptions.refuse_while_paying(subscription)
    unasked = TierFit.subscription_id == subscription.id, TierFit.is_chosen
    db.execute(update(TierFit).where(*unasked).values(told_at=None))
    return subscription, running


def _choose(
    subscription: Subscription,
    customer: Customer,
    running: Current,
    now: datetime,
    *,
    pending_tier_code: str | None,
    cancels_at_end: bool,
) -> None:
    period = running.period
    looks_at = None if cancels_at_end else subscription.renews_at or _looks_at(subscription, running, now)
    chosen = {"pending_tier_code": pending_tier_code, "cancels_at_end": cancels_at_end, "turns_on": period.ends_on}
    credited = _move(subscription, now, **chosen, renews_at=looks_at)
    whose = {"subscription_id": str(subscription.id), "turns_on": period.ends_on.isoformat()}
    key = f"{TURN}:{subscription.id}:{period.ends_on}"
    jobs.stage(TURN, queue=jobs.Queue.DEFAULT, due_at=period.ends_at, key=key, **whose)
    outbox.record(CHOSEN, subscription.public_id, _facts(subscription, customer) | {"credited": credited}, now)


def _looks_at(subscription: Subscription, running: Current, now: datetime) -> datetime:
    """Return when to look at the next period that is not invoiced, of a plan that goes on after all."""
    newest = holdings.following(subscription, running.invoiced.currency, now) or running
    return max(first_look(newest.period.ends_at), now)


def _move(subscription: Subscription, now: datetime, **facts: Any) -> list[str]:
    move(subscription, subscription.status, version=subscription.version + 1, **facts)
    return advance.adjust(subscription, now)


def _facts(subscription: Subscription, customer: Customer) -> dict[str, Any]:
    return {
        "business_id": ids.text(customer.business_id),
        "tier": subscription.pending_tier_code,
        "turns_on": subscription.turns_on.isoformat() if subscription.turns_on else None,
    }


def turn(subscription_id: UUID, turns_on: date, now: datetime) -> None:
    """Do what was chosen for this day; where it was taken back or replaced, or is done already, do nothing."""
    subscription = subscriptions.lock(subscription_id)
    if subscription.turns_on != turns_on:
        return
    if subscription.pending_tier_code is None:
        subscriptions.end(subscription, now)
        return
    customer = customers.get(subscription.customer_id)
    facts = _facts(subscription, customer)
    chosen = subscriptions.moves_to(subscription, subscription.pending_tier_code)
    move(subscription, subscription.status, version=subscription.version + 1, **chosen)
    if customer.business_id is not None:
        entitlement.refresh(subscription, customer.business_id, now)
    outbox.record(TURNED, subscription.public_id, facts, now)
