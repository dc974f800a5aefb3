"""What is chosen for a period's end: another tier or the end of the plan, taken back, replaced, and invoiced ahead."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.billing import at_period_end, batch_settling, branch_batches, checkout, open_invoices, queries, renewals
from portal.billing.advance import FURTHER
from portal.billing.apply_payment import apply_payment
from portal.billing.errors import ChangeInProgress, NothingPending, NotRunning, SameTier
from portal.billing.models import Subscription
from portal.catalogue.errors import UnknownOffer
from portal.currency import rates
from portal.directory import branches, visibility
from portal.insights import invariants
from portal.invoicing import credit_balance
from portal.invoicing.models import CreditNote, Customer, Invoice
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
from tests.support.world import PER_EURO
from worker.jobs.billing import HANDLERS
from worker.runner import Plain

END = datetime(2027, 4, 30, 23, tzinfo=UTC)  # midnight in London
AHEAD = datetime(2027, 4, 28, tzinfo=UTC)


@pytest.fixture
def customer(db: None) -> Iterator[Customer]:
    """A customer who pays £3.00 for Pro and £1.00 for a branch, from the first of a month of 30 days on."""
    _until(datetime(2027, 4, 1, 12, tzinfo=UTC))
    business = shop.make_business(shop.make_owner())
    shop.make_branch(business, "Second")
    customer = shop.make_customer(business)
    _buy(customer, "pro")
    yield customer
    assert invariants.violations() == []


def _until(instant: datetime) -> None:
    """Go on to an instant, renew what is due, and run what was staged for until then."""
    clock.advance(instant - edge.now())
    rates.store({instant.date(): PER_EURO}, "test", edge.now())
    due = StagedJob.name == at_period_end.TURN, StagedJob.due_at <= edge.now(), StagedJob.state == "pending"
    for job in db_session.scalars(select(StagedJob).where(*due).order_by(StagedJob.due_at)).all():
        handler = HANDLERS[job.name]
        assert isinstance(handler, Plain)
        handler.work(job.args, edge.now())
        job.state = "done"
    shop.renew_all()


def _buy(customer: Customer, tier: str) -> None:
    session = shop.open_session(customer, shop.make_quote(customer, tier))
    assert apply_payment(session, shop.evidence_for(session), edge.now()) == "paid"


def _subscription(customer: Customer) -> Subscription:
    query = select(Subscription).where(Subscription.customer_id == customer.id)
    found = db_session.scalars(query.order_by(Subscription.created_at.desc())).first()
    assert found is not None
    db_session.refresh(found)
    return found


def _invoices(customer: Customer, *kinds: str) -> list[tuple[str, str, int, int]]:
    query = select(Invoice).where(Invoice.customer_id == customer.id, Invoice.kind.in_(kinds or [renewals.KIND]))
    found = db_session.scalars(query.order_by(Invoice.number).execution_options(populate_existing=True))
    return [(one.kind, one.status, one.total_amount, one.credited_amount) for one in found]


def _is_listed(customer: Customer) -> bool:
    assert customer.business_id is not None
    found = visibility.find_entitlement(customer.business_id)
    return found is not None and found.is_listed


def test_another_tier_begins_with_the_next_period_and_costs_its_price_from_then(customer: Customer) -> None:
    at_period_end.choose_tier(customer, "starter", edge.now())
    _until(END.replace(hour=22, minute=59))
    assert _subscription(customer).tier_code == "pro"
    _until(END)
    changed = _subscription(customer)
    assert (changed.tier_code, changed.pending_tier_code, changed.turns_on) == ("starter", None, None)
    assert _invoices(customer) == [(renewals.KIND, "open", 200, 0)]


def test_a_newer_choice_replaces_the_older_one(customer: Customer) -> None:
    at_period_end.choose_tier(customer, "starter", edge.now())
    at_period_end.cancel(customer, edge.now())
    at_period_end.choose_tier(customer, "enterprise", edge.now())
    _until(END)
    assert (_subscription(customer).tier_code, _invoices(customer)) == ("enterprise", [(renewals.KIND, "open", 600, 0)])


def test_what_is_taken_back_never_happens(customer: Customer) -> None:
    at_period_end.choose_tier(customer, "starter", edge.now())
    at_period_end.take_back(customer, edge.now())
    with pytest.raises(NothingPending):
        at_period_end.take_back(customer, edge.now())
    _until(END)
    assert (_subscription(customer).tier_code, _invoices(customer)) == ("pro", [(renewals.KIND, "open", 400, 0)])


def test_a_cancelled_plan_is_shown_to_its_last_day_and_not_invoiced_again(customer: Customer) -> None:
    at_period_end.cancel(customer, edge.now())
    _until(END.replace(hour=22, minute=59))
    assert (_subscription(customer).status, _is_listed(customer)) == ("active", True)
    _until(END)
    assert (_subscription(customer).status, _is_listed(customer), _invoices(customer)) == ("cancelled", False, [])
    with pytest.raises(NotRunning):
        at_period_end.take_back(customer, edge.now())


def test_who_comes_back_has_a_new_plan_from_that_day_on(customer: Customer) -> None:
    at_period_end.cancel(customer, edge.now())
    _until(datetime(2027, 6, 12, 12, tzinfo=UTC))
    _buy(customer, "starter")
    again = _subscription(customer)
    assert (again.status, again.anchor_on, _is_listed(customer)) == ("active", date(2027, 6, 12), True)


def test_a_plan_that_never_started_ends_at_once(customer: Customer) -> None:
    other = shop.make_customer(shop.make_business(shop.make_owner("bea@shop.example"), "Other"))
    shop.make_quote(other, "starter")
    assert at_period_end.cancel(other, edge.now()).status == "cancelled"
    assert queries.find_live(other.id) is None


def test_an_unpaid_invoice_ahead_is_credited_in_full_and_issued_anew(customer: Customer) -> None:
    _until(AHEAD)
    assert _invoices(customer) == [(renewals.KIND, "open", 400, 0)]
    at_period_end.choose_tier(customer, "starter", edge.now())
    assert _invoices(customer) == [(renewals.KIND, "paid", 400, 400), (renewals.KIND, "open", 200, 0)]
    newest = db_session.scalars(select(Invoice).order_by(Invoice.number.desc())).first()
    assert newest is not None
    assert [(line.code, line.amount) for line in lines_of(newest.id)] == [("branch", 100), ("starter", 100)]
    assert credit_balance.of(customer.id, "GBP") == Money(0, "GBP")


def test_what_is_changed_back_is_issued_as_it_was(customer: Customer) -> None:
    _until(AHEAD)
    at_period_end.choose_tier(customer, "starter", edge.now())
    at_period_end.take_back(customer, edge.now())
    assert [(status, total) for _, status, total, _ in _invoices(customer)] == [
        ("paid", 400), ("paid", 200), ("open", 400),
    ]  # fmt: skip


def test_a_paid_invoice_ahead_gives_back_the_difference_only(customer: Customer) -> None:
    _until(AHEAD)
    _pay_ahead(customer)
    at_period_end.choose_tier(customer, "starter", edge.now())
    assert _invoices(customer, renewals.KIND, FURTHER) == [(renewals.KIND, "paid", 400, 200)]
    assert credit_balance.of(customer.id, "GBP") == Money(200, "GBP")
    at_period_end.take_back(customer, edge.now())
    assert _invoices(customer, FURTHER) == [(FURTHER, "paid", 200, 0)]
    assert credit_balance.of(customer.id, "GBP") == Money(0, "GBP")


def _pay_ahead(customer: Customer) -> None:
    invoice = db_session.scalars(select(Invoice).where(Invoice.status == "open")).one()
    opened = open_invoices.start_payment(customer, invoice, shop.METHOD, edge.now())
    assert opened is not None
    session = get_session(opened.public_id)
    assert apply_payment(session, shop.evidence_for(session), edge.now()) == "paid"


def test_money_for_an_invoice_that_was_issued_anew_is_credit_and_pays_the_new_one(customer: Customer) -> None:
    _until(AHEAD)
    invoice = db_session.scalars(select(Invoice).where(Invoice.status == "open")).one()
    opened = open_invoices.start_payment(customer, invoice, shop.METHOD, edge.now())
    assert opened is not None
    sessions.cancel(opened.public_id, edge.now())
    at_period_end.choose_tier(customer, "starter", edge.now())
    session = get_session(opened.public_id)
    assert apply_payment(session, shop.evidence_for(session), edge.now()) == "credited"
    open_invoices.use_all_credit(customer.id, edge.now())
    assert [(status, total) for _, status, total, _ in _invoices(customer)] == [("paid", 400), ("paid", 200)]
    assert credit_balance.of(customer.id, "GBP") == Money(200, "GBP")


def test_cancelling_credits_an_invoice_ahead_in_full_and_coming_round_issues_it_again(customer: Customer) -> None:
    _until(AHEAD)
    at_period_end.cancel(customer, edge.now())
    assert _invoices(customer) == [(renewals.KIND, "paid", 400, 400)]
    void = db_session.scalars(select(Invoice.number).where(Invoice.kind == renewals.KIND)).all()
    chosen = db_session.scalars(select(DomainEvent).where(DomainEvent.name == at_period_end.CHOSEN)).one()
    assert chosen.facts["credited"] == list(void), "who chose is told that it need not be paid"
    at_period_end.take_back(customer, edge.now())
    assert _invoices(customer) == [(renewals.KIND, "paid", 400, 400), (renewals.KIND, "open", 400, 0)]
    _until(END)
    assert _subscription(customer).status == "active"


def test_a_change_of_today_changes_what_is_invoiced_ahead_as_well(customer: Customer) -> None:
    _until(AHEAD)
    _go_down_at_once(customer, "starter")
    assert [(status, total) for _, status, total, _ in _invoices(customer)] == [("paid", 400), ("open", 200)]


def test_what_was_chosen_for_the_end_is_pending_no_longer_once_it_is_there(customer: Customer) -> None:
    at_period_end.choose_tier(customer, "starter", edge.now())
    _until(AHEAD)
    _buy(customer, "enterprise")
    assert _subscription(customer).pending_tier_code == "starter", "that is still to come"

    _go_down_at_once(customer, "starter")

    changed = _subscription(customer)
    assert (changed.tier_code, changed.pending_tier_code, changed.turns_on) == ("starter", None, None)
    assert _invoices(customer) == [(renewals.KIND, "open", 200, 0)], "it was invoiced as that already"
    with pytest.raises(NothingPending):
        at_period_end.take_back(customer, edge.now())
    _until(END)
    assert (_subscription(customer).tier_code, _subscription(customer).version) == ("starter", changed.version)


def test_a_plan_that_is_to_end_ends_whatever_tier_it_has_by_then(customer: Customer) -> None:
    at_period_end.cancel(customer, edge.now())
    _go_down_at_once(customer, "starter")
    _until(END)
    assert (_subscription(customer).tier_code, _subscription(customer).status) == ("starter", "cancelled")


def _go_down_at_once(customer: Customer, tier: str) -> None:
    quote = checkout.quote_tier(customer, tier, shop.METHOD, edge.now())
    assert checkout.start_payment(customer, quote, shop.METHOD, edge.now()) is None


def test_what_cannot_be_chosen_says_so(customer: Customer) -> None:
    with pytest.raises(SameTier):
        at_period_end.choose_tier(customer, "pro", edge.now())
    with pytest.raises(UnknownOffer):
        at_period_end.choose_tier(customer, "gold", edge.now())
    session = shop.open_session(customer, shop.make_quote(customer, "enterprise"))
    for act in (at_period_end.cancel, at_period_end.take_back):
        with pytest.raises(ChangeInProgress):
            act(customer, edge.now())
    assert apply_payment(session, shop.evidence_for(session), edge.now()) == "paid"
    assert db_session.scalars(select(CreditNote.id)).all() == []


def test_a_larger_tier_now_costs_the_invoiced_month_its_difference_too(customer: Customer) -> None:
    _until(AHEAD)
    _pay_ahead(customer)
    _buy(customer, "enterprise")
    assert _invoices(customer, renewals.KIND, FURTHER) == [(renewals.KIND, "paid", 400, 0), (FURTHER, "open", 200, 0)]


def test_branches_of_the_same_midnight_are_settled_under_the_tier_that_was_chosen(
    customer: Customer,
) -> None:
    at_period_end.choose_tier(customer, "starter", edge.now())
    _until(AHEAD)
    _pay_ahead(customer)
    store_card(customer)
    _until(END - timedelta(hours=9))
    [branch] = [one for one in branches.list_live(running.business_of(customer).id) if not one.is_main]
    branch_batches.remove(customer, branch, edge.now())
    clock.advance(END - edge.now())

    batch_settling.settle(_subscription(customer).id, edge.now())

    assert _subscription(customer).extra_branches == 1, "which of two jobs of one instant comes first is not known"
    _until(END)
    batch_settling.settle(_subscription(customer).id, edge.now())
    assert (_subscription(customer).tier_code, _subscription(customer).extra_branches) == ("starter", 0)
    assert _invoices(customer) == [(renewals.KIND, "paid", 200, 100)]


def test_a_draft_that_nobody_pays_any_more_stands_in_no_ones_way(customer: Customer) -> None:
    at_period_end.choose_tier(customer, "starter", edge.now())
    _until(AHEAD)
    _pay_ahead(customer)
    opened = shop.open_session(customer, shop.make_quote(customer, "enterprise"))
    sessions.cancel(opened.public_id, edge.now())
    at_period_end.take_back(customer, edge.now())
    assert _invoices(customer, FURTHER) == [(FURTHER, "open", 200, 0)]
    late = get_session(opened.public_id)
    assert apply_payment(late, shop.evidence_for(late), edge.now()) == "credited"
