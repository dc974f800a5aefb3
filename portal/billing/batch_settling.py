"""When the open batch of branches is settled: at midnight by credit or the stored card; else its payment is asked for.

What goes is settled all the same. What was added waits without dunning, and is withdrawn after a week.
"""

from datetime import datetime, timedelta
from uuid import UUID

from portal.billing import branch_batches, checkout, holdings, subscriptions, unattended, ways
from portal.billing.branch_batches import WITHDRAW
from portal.billing.errors import NothingToSettle, NotRunning, PayFirst
from portal.billing.models import Quote, Subscription
from portal.billing.states import move
from portal.billing.unattended import UNTIL_PAID
from portal.directory import branches
from portal.directory.models import Branch
from portal.invoicing import customers
from portal.invoicing.models import Customer
from portal.kit import jobs, outbox
from portal.payments import sessions

WAITS = "billing.branches_wait"
WITHDRAWN = "billing.branch_withdrawn"
ASK = "billing.ask_for_branches"
_PATIENCE = timedelta(days=7)
UNTIL_RENEWED = timedelta(minutes=10)
"""How long what was added waits for a period that has not begun yet."""


def settle(subscription_id: UUID, now: datetime) -> None:
    """Settle the open batch of a subscription, if there is one and no payment is under way."""
    subscription = subscriptions.lock(subscription_id)
    if not branch_batches.is_collecting(subscription):
        return
    if sessions.live_of_subscription(subscription.id) is not None:
        branch_batches.plan_settling(subscription.id, now + UNTIL_PAID)
        return
    customer = customers.get(subscription.customer_id)
    try:
        _charge(subscription, customer, checkout.quote_batch(customer, ways.WALLET, now), now)
    except NothingToSettle:
        return
    except PayFirst:
        ask(subscription.id, now)
    except NotRunning:
        _settle_between_periods(subscription, customer, now)


def _charge(subscription: Subscription, customer: Customer, quote: Quote, now: datetime) -> None:
    outcome = unattended.pay(customer, quote, now)
    if outcome == "charging":
        _stage_ask(subscription, now + UNTIL_PAID)
    elif outcome == "no_card":
        ask(subscription.id, now)


def _let_go(subscription: Subscription, customer: Customer, now: datetime) -> None:
    """Settle what is to go by itself: it gives something back whatever becomes of the rest."""
    try:
        quote = checkout.quote_batch(customer, ways.WALLET, now, is_leaving_only=True)
    except NothingToSettle:
        return
    except NotRunning:
        _settle_between_periods(subscription, customer, now)
        return
    checkout.start_payment(customer, quote, ways.WALLET, now)


def _settle_between_periods(subscription: Subscription, customer: Customer, now: datetime) -> None:
    """At a period's end, before the next one is there: what goes is not part of that any more; what was added waits
    for it, since only what is paid counts. Where it is there, and only what was chosen for it is not done, it waits."""
    if holdings.running(subscription.id, now) is not None:
        branch_batches.plan_settling(subscription.id, now + UNTIL_RENEWED)
        return
    batch = branch_batches.batch_of(customer)
    if batch.leaving:
        branches.remove_all([branch.id for branch in batch.leaving], now)
        fewer = subscription.extra_branches - len(batch.leaving)
        move(subscription, subscription.status, extra_branches=fewer, version=subscription.version + 1)
    if batch.added:
        branch_batches.plan_settling(subscription.id, now + UNTIL_RENEWED)


def ask(subscription_id: UUID, now: datetime) -> None:
    """Settle what is to go where the rest is not paid, and ask whoever pays for what was added and still waits, with a
    week's time; while a payment is under way that waits too."""
    subscription = subscriptions.lock(subscription_id)
    customer = customers.get(subscription.customer_id)
    if not branch_batches.is_collecting(subscription) or customer.business_id is None:
        return
    if sessions.live_of_subscription(subscription.id) is not None:
        _stage_ask(subscription, now + UNTIL_PAID)
        return
    _let_go(subscription, customer, now)
    waiting = [branch for branch in branches.list_unsettled(customer.business_id) if branch.shown_since is None]
    if not waiting:
        return
    for branch in waiting:
        _stage_withdrawal(subscription, branch, now + _PATIENCE)
    facts = {"business_id": str(customer.business_id), "branches": [branch.name for branch in waiting]}
    outbox.record(WAITS, subscription.public_id, facts, now)


def _stage_ask(subscription: Subscription, due_at: datetime) -> None:
    key = f"{ASK}:{subscription.id}"
    jobs.stage(ASK, queue=jobs.Queue.DEFAULT, due_at=due_at, key=key, subscription_id=str(subscription.id))


def _stage_withdrawal(subscription: Subscription, branch: Branch, due_at: datetime) -> None:
    given = {"subscription_id": str(subscription.id), "branch": branch.public_id}
    key = branch_batches.withdrawal_of(branch)
    jobs.stage(WITHDRAW, queue=jobs.Queue.DEFAULT, due_at=due_at, key=key, **given)


def withdraw(subscription_id: UUID, public_id: str, now: datetime) -> None:
    """Take a branch out of the batch that nobody has paid for in a week; while a payment is under way it waits on."""
    subscription = subscriptions.lock(subscription_id)
    customer = customers.get(subscription.customer_id)
    if not branch_batches.is_collecting(subscription) or customer.business_id is None:
        return
    batch = branches.list_unsettled(customer.business_id)
    branch = next((one for one in batch if one.public_id == public_id and one.shown_since is None), None)
    if branch is None:
        return
    if sessions.live_of_subscription(subscription.id) is not None:
        _stage_withdrawal(subscription, branch, now + UNTIL_PAID)
        return
    branches.remove(branch, now)
    facts = {"business_id": str(customer.business_id), "branch": branch.name}
    outbox.record(WITHDRAWN, branch.public_id, facts, now)
