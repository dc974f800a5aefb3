"""What becomes of an open batch that cannot be settled whole: refused by a card, cut off by an end, waiting anew."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from portal.billing import at_period_end, batch_settling, branch_batches, checkout, dunning, dunning_cases, renewals
from portal.directory import branches
from portal.directory.models import Branch
from portal.insights import invariants
from portal.invoicing import credit_balance
from portal.invoicing.models import Customer
from portal.kit import clock, edge
from portal.kit.db import db as db_session
from portal.kit.jobs import StagedJob
from portal.kit.money import Money
from portal.kit.outbox import DomainEvent
from portal.payments import sessions
from portal.payments.queries import get_session
from tests.support import running, shop
from tests.support.everything import store_card

GBP = "GBP"
MIDNIGHT = datetime(2027, 4, 18, 23, tzinfo=UTC)
"""When the 19th begins in London, of a month of 30 days: 12 are left."""
END = datetime(2027, 4, 30, 23, tzinfo=UTC)


@pytest.fixture
def customer(db: None) -> Iterator[Customer]:
    """A customer who pays £1.00 for Starter and £1.00 for a further branch from the first of a month of 30 days on."""
    yield running.started("starter", branches=1)
    assert invariants.violations() == []


def _add(customer: Customer, name: str, *, may_spend: bool = True) -> Branch:
    business = running.business_of(customer)
    return branch_batches.add(customer, business.id, edge.now(), may_spend=may_spend, **shop.place(name))


def _names(customer: Customer) -> list[str]:
    return [branch.name for branch in branches.list_live(running.business_of(customer).id)]


def _let_go(customer: Customer) -> None:
    """Have the branch that is paid for be one that is to go."""
    [further] = [one for one in branches.list_shown(running.business_of(customer).id) if not one.is_main]
    assert branch_batches.remove(customer, further, edge.now()) is False


def _settle(customer: Customer) -> None:
    db_session.execute(update(StagedJob).where(StagedJob.name == branch_batches.SETTLE).values(state="done"))
    batch_settling.settle(running.subscription_of(customer).id, edge.now())


def _ask(customer: Customer) -> None:
    db_session.execute(update(StagedJob).where(StagedJob.name == batch_settling.ASK).values(state="done"))
    batch_settling.ask(running.subscription_of(customer).id, edge.now())


def _waiting(name: str) -> list[datetime]:
    waiting = select(StagedJob.due_at).where(StagedJob.name == name, StagedJob.state == "pending")
    return list(db_session.scalars(waiting))


def _events(name: str) -> int:
    return len(db_session.scalars(select(DomainEvent).where(DomainEvent.name == name)).all())


def test_what_is_to_go_goes_though_the_card_is_refused_for_what_comes(customer: Customer) -> None:
    store_card(customer)
    running.until(MIDNIGHT - timedelta(hours=1))
    _let_go(customer)
    for name in ("Harbour", "Station"):
        _add(customer, name)
    running.until(MIDNIGHT)
    _settle(customer)
    live = sessions.live_of_subscription(running.subscription_of(customer).id)
    assert live is not None
    running.until(MIDNIGHT + batch_settling.UNTIL_PAID)
    _ask(customer)
    assert (_events(batch_settling.WAITS), _waiting(batch_settling.ASK)) == (
        0,
        [edge.now() + batch_settling.UNTIL_PAID],
    )
    sessions.cancel(get_session(live.public_id).public_id, edge.now())

    running.until(edge.now() + batch_settling.UNTIL_PAID)
    _ask(customer)

    assert _names(customer) == ["Main", "Harbour", "Station"]
    assert credit_balance.of(customer.id, GBP) == Money(40, GBP)
    assert (_events(batch_settling.WAITS), len(_waiting(branch_batches.WITHDRAW))) == (1, 2)
    running.until(END)
    [renewal] = [one for one in running.invoices_of(customer) if one.kind == renewals.KIND]
    assert renewal.total_amount == 100


def test_asked_between_two_periods_what_is_to_go_is_no_part_of_the_next(customer: Customer) -> None:
    store_card(customer)
    running.until(END - timedelta(hours=3))
    _let_go(customer)
    clock.advance(END - edge.now())
    batch_settling.ask(running.subscription_of(customer).id, edge.now())
    running.until(END)
    assert (_names(customer), running.invoices_of(customer)[0].total) == (["Main"], Money(100, GBP))


def test_who_waits_anew_has_a_week_anew(customer: Customer) -> None:
    harbour = _add(customer, "Harbour")
    running.until(running.FIRST + timedelta(days=1))
    _settle(customer)
    assert _waiting(branch_batches.WITHDRAW) == [edge.now() + timedelta(days=7)]
    assert running.paid(customer, checkout.quote_batch(customer, shop.METHOD, edge.now())) == "paid"
    branch_batches.make_main(customer, harbour, edge.now())
    running.until(running.FIRST + timedelta(days=6))

    branch_batches.make_main(customer, _add(customer, "Station"), edge.now())

    db_session.refresh(harbour)
    assert (harbour.shown_since, _waiting(branch_batches.WITHDRAW)) == (None, [])
    _settle(customer)
    assert _waiting(branch_batches.WITHDRAW) == [edge.now() + timedelta(days=7)]


def test_what_was_to_go_when_a_plan_ended_is_not_there_when_it_comes_back(customer: Customer) -> None:
    at_period_end.cancel(customer, edge.now())
    running.until(END - timedelta(hours=3))
    _let_go(customer)
    running.until(END)
    subscription = running.subscription_of(customer)
    assert subscription.turns_on is not None
    at_period_end.turn(subscription.id, subscription.turns_on, edge.now())
    quote = checkout.quote_tier(customer, "starter", shop.METHOD, edge.now())
    assert [line["code"] for line in quote.terms["lines"]] == ["starter"]


def test_what_was_to_go_when_a_plan_was_hidden_is_not_restored(customer: Customer) -> None:
    running.until(END)
    invoice = running.invoices_of(customer)[0]
    dunning.collect(invoice.id, edge.now())
    _let_go(customer)
    while (case := dunning_cases.find_locked(invoice.id)) and case.status == "running":
        running.until(case.next_at)
        dunning.take_step(invoice.id, edge.now())
    assert running.subscription_of(customer).extra_branches == 0
    quote = checkout.quote_tier(customer, "starter", shop.METHOD, edge.now())
    assert [line["code"] for line in quote.terms["lines"]] == ["starter"]


def test_what_a_manager_added_asleep_waits_for_who_may_spend(customer: Customer) -> None:
    quote = checkout.quote_hibernation(customer, None, shop.METHOD, edge.now())
    assert checkout.start_payment(customer, quote, shop.METHOD, edge.now()) is None
    proposed = _add(customer, "Harbour", may_spend=False)
    assert _events(branch_batches.PROPOSED) == 1
    assert checkout.quote_waking(customer, shop.METHOD, edge.now()).terms["extra_branches"] == 1
    branch_batches.agree(customer, proposed, edge.now())
    assert checkout.quote_waking(customer, shop.METHOD, edge.now()).terms["extra_branches"] == 2


def test_who_is_paying_after_a_week_is_waited_for(customer: Customer) -> None:
    harbour = _add(customer, "Harbour")
    running.until(running.FIRST + timedelta(days=1))
    _settle(customer)
    running.until(running.FIRST + timedelta(days=8))
    session = shop.open_session(customer, checkout.quote_batch(customer, shop.METHOD, edge.now()))
    db_session.execute(update(StagedJob).where(StagedJob.name == branch_batches.WITHDRAW).values(state="done"))
    batch_settling.withdraw(running.subscription_of(customer).id, harbour.public_id, edge.now())
    assert _waiting(branch_batches.WITHDRAW) == [edge.now() + batch_settling.UNTIL_PAID]
    assert running.pay(session) == "paid"
    batch_settling.withdraw(running.subscription_of(customer).id, harbour.public_id, edge.now())
    assert _names(customer)[-1] == "Harbour"
