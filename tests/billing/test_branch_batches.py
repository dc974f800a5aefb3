"""Branches of a running plan: collected, settled at midnight or now, one prorated line each, and never owed."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from portal.billing import batch_settling, branch_batches, checkout, hibernation, states, ways
from portal.billing.errors import ChangeInProgress, NothingToSettle, NotRunning, PayFirst, QuoteChanged
from portal.billing.models import Quote
from portal.directory import branches
from portal.directory.errors import MainBranchStays
from portal.directory.models import Branch
from portal.insights import invariants
from portal.invoicing import credit_balance
from portal.invoicing.models import Customer
from portal.invoicing.queries import lines_of
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


@pytest.fixture
def customer(db: None) -> Iterator[Customer]:
    """A customer who pays £1.00 for Starter and £1.00 for a further branch, on the eve of ``MIDNIGHT``."""
    made = running.started("starter", branches=1)
    running.until(MIDNIGHT - timedelta(hours=9))
    yield made
    assert invariants.violations() == []


def _add(customer: Customer, name: str, *, may_spend: bool = True) -> Branch:
    assert customer.business_id is not None
    return branch_batches.add(customer, customer.business_id, edge.now(), may_spend=may_spend, **shop.place(name))


def _further(customer: Customer) -> Branch:
    """The branch that is paid for."""
    assert customer.business_id is not None
    return next(branch for branch in branches.list_live(customer.business_id) if branch.name == "Further 0")


def _remove(customer: Customer, branch: Branch) -> bool:
    return branch_batches.remove(customer, branch, edge.now())


def _quote(customer: Customer) -> Quote:
    return checkout.quote_batch(customer, shop.METHOD, edge.now())


def _settle(customer: Customer) -> None:
    """Do the job that waits, as a worker does: it is not waiting any more when its handler begins."""
    db_session.execute(update(StagedJob).where(StagedJob.name == branch_batches.SETTLE).values(state="done"))
    batch_settling.settle(running.subscription_of(customer).id, edge.now())


def _at_midnight(customer: Customer) -> None:
    running.until(MIDNIGHT)
    _settle(customer)


def _credit(customer: Customer) -> Money:
    return credit_balance.of(customer.id, GBP)


def _give_credit(customer: Customer) -> None:
    """Have some credit, by a larger tier and back."""
    tier = running.subscription_of(customer).tier_code
    assert running.paid(customer, checkout.quote_tier(customer, "enterprise", shop.METHOD, edge.now())) == "paid"
    back = checkout.quote_tier(customer, tier, shop.METHOD, edge.now())
    assert checkout.start_payment(customer, back, shop.METHOD, edge.now()) is None


def _names(customer: Customer) -> list[str]:
    assert customer.business_id is not None
    return [branch.name for branch in branches.list_shown(customer.business_id)]


def _lines(quote: Quote) -> list[tuple[str, int, int]]:
    return [(line["derivation"]["branch"], line["quantity"], line["amount"]) for line in quote.terms["lines"]]


def _events(name: str) -> list[DomainEvent]:
    return list(db_session.scalars(select(DomainEvent).where(DomainEvent.name == name)))


def _jobs(name: str) -> list[datetime]:
    waiting = select(StagedJob.due_at).where(StagedJob.name == name, StagedJob.state == "pending")
    return sorted(db_session.scalars(waiting))


def test_settled_now_each_branch_has_its_line_and_is_shown_once_paid(customer: Customer) -> None:
    running.until(MIDNIGHT + timedelta(hours=9))
    _add(customer, "Harbour")
    _add(customer, "Station")
    quote = _quote(customer)
    assert _lines(quote) == [("Harbour", 1, 40), ("Station", 1, 40)]
    assert quote.terms["lines"][0]["derivation"] == {"kind": "days", "days": 12, "of": 30, "branch": "Harbour"}
    assert (quote.total, quote.terms["next_amount"]) == (Money(80, GBP), 400)
    session = shop.open_session(customer, quote)
    assert _names(customer) == ["Main", "Further 0"]

    assert running.pay(session) == "paid"

    assert _names(customer) == ["Main", "Further 0", "Harbour", "Station"]
    invoice = running.invoices_of(customer)[0]
    assert (invoice.kind, [line.amount for line in lines_of(invoice.id)]) == ("branch_batch", [40, 40])
    assert running.subscription_of(customer).extra_branches == 3
    with pytest.raises(NothingToSettle):
        _quote(customer)


def test_at_midnight_credit_pays_for_what_was_added(customer: Customer) -> None:
    _give_credit(customer)
    had = _credit(customer)
    _add(customer, "Harbour")
    assert _jobs(branch_batches.SETTLE) == [MIDNIGHT]

    _at_midnight(customer)
    _settle(customer)

    assert _names(customer) == ["Main", "Further 0", "Harbour"]
    assert had - _credit(customer) == Money(40, GBP)
    assert len(_events(branch_batches.SETTLED)) == 1
    assert _events(batch_settling.WAITS) == []


def test_at_midnight_the_stored_card_pays_what_credit_does_not(customer: Customer) -> None:
    store_card(customer)
    _add(customer, "Harbour")
    _at_midnight(customer)
    live = sessions.live_of_subscription(running.subscription_of(customer).id)
    assert live is not None
    session = get_session(live.public_id)
    assert (session.provider, session.owed) == (ways.CARD, Money(40, GBP))
    assert running.pay(session) == "paid"
    batch_settling.ask(running.subscription_of(customer).id, edge.now())
    assert (_names(customer)[-1], _events(batch_settling.WAITS)) == ("Harbour", [])


def test_what_nobody_pays_for_is_asked_for_once_and_withdrawn_after_a_week(customer: Customer) -> None:
    branch, other = _add(customer, "Harbour"), _add(customer, "Station")
    _remove(customer, _further(customer))

    _at_midnight(customer)

    assert _names(customer) == ["Main"], "what was to go has gone all the same"
    assert _credit(customer) == Money(40, GBP)
    [asked] = _events(batch_settling.WAITS)
    assert asked.facts["branches"] == ["Harbour", "Station"]
    assert _jobs(branch_batches.WITHDRAW) == [MIDNIGHT + timedelta(days=7)] * 2
    assert all(invoice.status == "paid" for invoice in running.invoices_of(customer))
    running.until(MIDNIGHT + timedelta(days=7))
    subscription = running.subscription_of(customer)
    batch_settling.withdraw(subscription.id, branch.public_id, edge.now())
    batch_settling.withdraw(subscription.id, branch.public_id, edge.now())
    assert len(_events(batch_settling.WITHDRAWN)) == 1
    assert _remove(customer, other)
    with pytest.raises(NothingToSettle):
        _quote(customer)


def test_added_and_removed_on_one_day_is_nothing(customer: Customer) -> None:
    assert _remove(customer, _add(customer, "Harbour"))
    assert not _remove(customer, _further(customer))
    branch_batches.keep(customer, _further(customer))
    _at_midnight(customer)
    assert (_names(customer), _credit(customer)) == (["Main", "Further 0"], Money(0, GBP))
    assert len(running.invoices_of(customer)) == 1


def test_one_for_another_costs_nothing_and_says_both(customer: Customer) -> None:
    _remove(customer, _further(customer))
    _add(customer, "Harbour")
    assert _lines(_quote(customer)) == [("Harbour", 1, 43), ("Further 0", -1, -43)]
    _at_midnight(customer)
    assert _names(customer) == ["Main", "Harbour"]
    assert running.invoices_of(customer)[0].total == Money(0, GBP)
    assert running.subscription_of(customer).extra_branches == 1


def test_while_a_payment_is_under_way_batches_wait_and_what_it_counts_on_stays(customer: Customer) -> None:
    _add(customer, "Harbour")
    session = shop.open_session(customer, _quote(customer))
    for refused in (lambda: _remove(customer, _further(customer)), lambda: _quote(customer),
                    lambda: branch_batches.keep(customer, _further(customer))):  # fmt: skip
        with pytest.raises(ChangeInProgress):
            refused()
    _add(customer, "Station")
    running.until(edge.now() + timedelta(minutes=30))
    _settle(customer)
    assert len(_events(branch_batches.SETTLED)) == 0
    assert running.pay(session) == "paid"
    assert _names(customer) == ["Main", "Further 0", "Harbour"]
    assert _lines(_quote(customer)) == [("Station", 1, 44)], "a third of a penny was rounded down before"


def test_money_for_a_batch_that_is_another_by_now_becomes_credit(customer: Customer) -> None:
    _add(customer, "Harbour")
    _add(customer, "Station")
    _remove(customer, _further(customer))
    quote = _quote(customer)
    session = shop.open_session(customer, quote)
    sessions.cancel(session.public_id, edge.now())
    branch_batches.keep(customer, _further(customer))
    with pytest.raises(QuoteChanged):
        checkout.start_payment(customer, quote, shop.METHOD, edge.now())
    assert running.pay(session) == "credited"
    assert _names(customer) == ["Main", "Further 0"]


def test_a_managers_branch_waits_for_who_may_spend(customer: Customer) -> None:
    _give_credit(customer)
    branch = _add(customer, "Harbour", may_spend=False)
    assert len(_events(branch_batches.PROPOSED)) == 1
    with pytest.raises(NothingToSettle):
        _quote(customer)
    _at_midnight(customer)
    assert "Harbour" not in _names(customer)
    branch_batches.agree(customer, branch, edge.now())
    assert _jobs(branch_batches.SETTLE)[-1] == MIDNIGHT + timedelta(days=1)
    assert _lines(_quote(customer)) == [("Harbour", 1, 40)]


def test_owing_something_nothing_is_added_and_what_goes_goes(customer: Customer) -> None:
    proposed = _add(customer, "Harbour", may_spend=False)
    _add(customer, "Station")
    states.move(running.subscription_of(customer), "past_due")
    with pytest.raises(PayFirst):
        _add(customer, "Market")
    with pytest.raises(PayFirst):
        branch_batches.agree(customer, proposed, edge.now())
    _remove(customer, _further(customer))
    _at_midnight(customer)
    assert (_names(customer), _credit(customer)) == (["Main", "Station"], Money(0, GBP)), "one for another adds nothing"
    states.move(running.subscription_of(customer), "active")


def test_the_main_branch_is_replaced_and_never_removed(customer: Customer) -> None:
    waiting = _add(customer, "Harbour")
    _remove(customer, _further(customer))
    branch_batches.make_main(customer, _further(customer), edge.now())
    with pytest.raises(MainBranchStays):
        _remove(customer, _further(customer))
    assert _lines(_quote(customer)) == [("Harbour", 1, 43)]
    branch_batches.make_main(customer, waiting, edge.now())
    assert _lines(_quote(customer)) == [("Further 0", 1, 43)], "it waits in the main one's stead"


def test_asleep_branches_are_only_what_wakes(customer: Customer) -> None:
    _remove(customer, _further(customer))
    quote = checkout.quote_hibernation(customer, None, shop.METHOD, edge.now())
    checkout.start_payment(customer, quote, shop.METHOD, edge.now())
    assert _names(customer) == ["Main"]
    _add(customer, "Harbour")
    with pytest.raises(NotRunning):
        _quote(customer)
    _at_midnight(customer)
    assert checkout.quote_waking(customer, shop.METHOD, edge.now()).terms["extra_branches"] == 1
    hibernation.wake_as(customer, "pro", edge.now())


LAST_NOON, NEXT_PERIOD = datetime(2027, 4, 30, 12, tzinfo=UTC), datetime(2027, 4, 30, 23, tzinfo=UTC)


def test_when_a_period_ends_what_goes_is_not_part_of_the_next_and_what_comes_waits_for_it(customer: Customer) -> None:
    store_card(customer)  # so that the next period is invoiced once it begins
    running.until(LAST_NOON)
    _add(customer, "Harbour")
    _remove(customer, _further(customer))
    clock.advance(NEXT_PERIOD - edge.now())
    _settle(customer)
    assert (_names(customer), running.subscription_of(customer).extra_branches) == (["Main"], 0)
    running.until(NEXT_PERIOD + timedelta(minutes=10))
    assert running.invoices_of(customer)[0].total == Money(100, GBP)
    assert _jobs(branch_batches.SETTLE)[-1] == edge.now()
    _settle(customer)
    assert sessions.live_of_subscription(running.subscription_of(customer).id) is not None


def test_what_goes_at_the_end_reduces_the_open_invoice_of_the_next_period(customer: Customer) -> None:
    running.until(LAST_NOON)
    _remove(customer, _further(customer))
    running.until(NEXT_PERIOD)
    _settle(customer)
    invoice = running.invoices_of(customer)[0]
    assert (invoice.status, invoice.total, invoice.due) == ("open", Money(200, GBP), Money(100, GBP))
    assert _credit(customer) == Money(0, GBP)
