"""The open batch of a business: branches that were added or are to go, priced one line each, and what comes of them
(product.md, *Branches*).

What is in it is written down with the branches themselves; ``batch_settling`` says when it is settled.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Unpack
from uuid import UUID
from zoneinfo import ZoneInfo

from portal.billing import changes, quote_change, quotes, subscriptions
from portal.billing.errors import NothingToSettle, NotRunning, PayFirst
from portal.billing.holdings import Current
from portal.billing.models import Quote, Subscription
from portal.billing.periods import midnight
from portal.billing.pricing import terms_of
from portal.billing.proration import Holding
from portal.billing.queries import Deal
from portal.billing.quote_change import Change
from portal.billing.states import is_listed, move
from portal.directory import branches
from portal.directory.branches import BranchDetails
from portal.directory.models import Branch
from portal.invoicing.models import Customer
from portal.kit import jobs, outbox

PROPOSED = "billing.branch_proposed"
SETTLED = "billing.branches_settled"
SETTLE = "billing.settle_branches"
WITHDRAW = "billing.withdraw_branch"


@dataclass(frozen=True, slots=True)
class Batch:
    """Branches that wait to be paid for, and those that wait to go; none does both."""

    added: Sequence[Branch]
    leaving: Sequence[Branch]


def batch_of(customer: Customer) -> Batch:
    """Return the open batch of a customer."""
    found = branches.list_unsettled(customer.business_id) if customer.business_id else ()
    added = [branch for branch in found if branch.shown_since is None]
    return Batch(added, [branch for branch in found if branch.leaving_since is not None])


def is_collecting(subscription: Subscription | None) -> bool:
    """Whether branches are settled together: before the start they are part of it, asleep they are what wakes."""
    return subscription is not None and is_listed(subscription.mode, subscription.status)


def _refuse_unpaid(subscription: Subscription | None) -> None:
    if subscription is not None and subscription.status in ("past_due", "suspended"):
        raise PayFirst


def add(
    customer: Customer | None, business_id: UUID, now: datetime, *, may_spend: bool, **details: Unpack[BranchDetails]
) -> Branch:
    """Add a branch; while a plan runs it is part of the open batch, once somebody who may spend has agreed; before its
    start and asleep, of what that or waking charges.

    :raises PayFirst: what is owed comes first.
    :raises NoSuchChoice, HalfAPlace, SameBranch, TooManyBranches: see ``directory.branches.add``.
    """
    subscription = subscriptions.lock_live(customer.id) if customer else None
    _refuse_unpaid(subscription)
    branch = branches.add(business_id, now=now, is_proposed=subscription is not None and not may_spend, **details)
    if branch.is_proposed:
        outbox.record(PROPOSED, branch.public_id, {"business_id": str(business_id), "branch": branch.name}, now)
    elif customer is not None and subscription is not None and is_collecting(subscription):
        collect(subscription, customer.time_zone, now)
    return branch


def collect(subscription: Subscription, time_zone: str, now: datetime) -> None:
    """Have the open batch be settled when the next day begins where its customer lives."""
    tomorrow = quotes.local_day(time_zone, now) + timedelta(days=1)
    plan_settling(subscription.id, midnight(tomorrow, ZoneInfo(time_zone)))


def plan_settling(subscription_id: UUID, due_at: datetime) -> None:
    """Have the open batch be settled at ``due_at`` or, where that is planned already, earlier."""
    key = f"{SETTLE}:{subscription_id}"
    jobs.stage(SETTLE, queue=jobs.Queue.DEFAULT, due_at=due_at, key=key, subscription_id=str(subscription_id))


def remove(customer: Customer | None, branch: Branch, now: datetime) -> bool:
    """Take a branch out: at once, or with the next batch where it is paid for; return whether it is gone.

    :raises MainBranchStays: it is the main branch.
    :raises ChangeInProgress: a payment under way may be for it.
    """
    subscription = _lock_idle(customer)
    if customer is None or subscription is None or branch.shown_since is None or branch.is_main:
        branches.remove(branch, now)
        return True
    if is_collecting(subscription):
        branches.leave(branch, now)
        collect(subscription, customer.time_zone, now)
        return False
    branches.remove(branch, now)
    fewer = max(0, subscription.extra_branches - 1)
    move(subscription, subscription.status, extra_branches=fewer, version=subscription.version + 1)
    return True


def make_main(customer: Customer | None, branch: Branch, now: datetime) -> None:
    """Put a branch in the main one's place; where one waits in its stead, that is part of the open batch, and has a
    week of its own whatever waits ended before.

    :raises ChangeInProgress: a payment under way may be for it.
    """
    subscription = _lock_idle(customer)
    jobs.drop(withdrawal_of(branches.make_main(branch)))
    if customer is not None and subscription is not None and is_collecting(subscription):
        collect(subscription, customer.time_zone, now)


def withdrawal_of(branch: Branch) -> str:
    """Return the key of the job that withdraws a branch which nobody pays for."""
    return f"{WITHDRAW}:{branch.id}"


def keep(customer: Customer | None, branch: Branch) -> None:
    """Have a branch stay that was to go.

    :raises ChangeInProgress: the payment under way may count on its going.
    """
    _lock_idle(customer)
    branches.stay(branch)


def agree(customer: Customer | None, branch: Branch, now: datetime) -> None:
    """Agree to pay for a branch that was proposed.

    :raises PayFirst: what is owed comes first.
    """
    subscription = subscriptions.lock_live(customer.id) if customer else None
    _refuse_unpaid(subscription)
    branches.agree(branch)
    if customer is not None and subscription is not None and is_collecting(subscription):
        collect(subscription, customer.time_zone, now)


def _lock_idle(customer: Customer | None) -> Subscription | None:
    subscription = subscriptions.lock_live(customer.id) if customer else None
    if subscription is not None:
        subscriptions.refuse_while_paying(subscription)
    return subscription


def preview(
    subscription: Subscription, customer: Customer, settles_in: str, now: datetime, *, is_leaving_only: bool = False
) -> Quote:
    """Return the quote of settling the open batch today, not stored yet: one line for each of its branches.

    :param is_leaving_only: what was added waits on.
    :raises NotRunning, NothingToSettle, PayFirst, RatesStale: see what they say.
    """
    running = quote_change.get_running(subscription, customer, now)
    batch = batch_of(customer)
    part = Batch((), batch.leaving) if is_leaving_only else batch
    if subscription.mode != "awake":
        raise NotRunning
    if not part.added and not part.leaving:
        raise NothingToSettle
    change = settling(subscription, part, running, quote_change.day_of(running, customer, now), now)
    return quote_change.preview(change, subscription, running, customer, settles_in, now)


def settling(subscription: Subscription, batch: Batch, running: Current, on: date, now: datetime) -> Change:
    """Return what settling branches on a day of the period is, before it is priced: a line of its own for each.

    :raises UnknownOffer, RatesStale: a price or a needed rate is not there.
    """
    left = subscription.extra_branches - len(batch.leaving)
    given_up = _singly(quote_change.to_hold(_holding(subscription, left), subscription, running, on, now))
    after = replace(running, held=[*running.held, *given_up])
    wanted = _holding(subscription, left + len(batch.added))
    taken_up = _singly(quote_change.to_hold(wanted, subscription, after, on, now))
    return Change(
        quotes.BATCH,
        {"extra_branches": left + len(batch.added), "leaving": sorted(str(branch.id) for branch in batch.leaving)},
        [*taken_up, *given_up],
        [str(branch.id) for branch in batch.added],
        [{"branch": branch.name} for branch in (*batch.added, *batch.leaving)],
    )


def _holding(subscription: Subscription, extra_branches: int) -> tuple[tuple[str, int], ...]:
    return terms_of(subscription.mode, subscription.tier_code, extra_branches)


def _singly(change: Sequence[Holding]) -> list[Holding]:
    """Return the same one by one, as each branch has a line of its own."""
    return [replace(one, quantity=1 if one.quantity > 0 else -1) for one in change for _ in range(abs(one.quantity))]


def can_still_be(subscription: Subscription, deal: Deal, now: datetime) -> bool:
    """Whether the period still runs and none of the branches that were to go stays."""
    if not changes.can_still_be(subscription, deal, now) or deal.buyer is None:
        return False
    leaving = {str(branch.id) for branch in branches.list_unsettled(deal.buyer.id) if branch.leaving_since is not None}
    return set(deal.terms["leaving"]) <= leaving


def carry_out(subscription: Subscription, deal: Deal, invoice_id: UUID | None, now: datetime) -> tuple[date, date]:
    """Show what was added and take out what was to go, as the quote of a batch says; see ``changes.carry_out``."""
    branches.show([UUID(branch_id) for branch_id in deal.terms["branches"]], now)
    branches.remove_all([UUID(branch_id) for branch_id in deal.terms["leaving"]], now)
    return changes.carry_out(subscription, deal, invoice_id, now, SETTLED)
