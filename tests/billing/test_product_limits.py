"""The soft limit on the books: a grace is told of, paid out of credit for no more than was told, or the newest hide."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from portal.billing import branch_batches, checkout, entitlement, graces, product_limits, ways
from portal.billing.apply_decline import apply_decline
from portal.billing.events import PRODUCT_LIMIT_PASSED
from portal.billing.models import ProductGrace
from portal.billing.overage_standing import find_overage
from portal.directory import products, visibility
from portal.insights import invariants
from portal.invoicing import carried_account, credit_balance
from portal.invoicing.models import Customer
from portal.kit import clock, edge
from portal.kit.db import db as db_session
from portal.kit.money import Money
from portal.kit.outbox import DomainEvent
from portal.payments import charges, sessions
from portal.payments.models import PaymentSession
from portal.payments.providers.base import Answer, ChargeOutcome, Result
from portal.payments.queries import attempt_of, get_session
from tests.billing.test_restoration import suspended
from tests.support import running, shop
from tests.support.counting import add, after, business_of, look, next_look
from tests.support.everything import store_card

GBP = "GBP"


@pytest.fixture
def customer(db: None) -> Iterator[Customer]:
    """A customer who pays £1.00 for Starter from the first of a month of 30 days, with 10 products."""
    found = running.started("starter")
    add(found, 10)
    yield found
    assert invariants.violations() == []


def _grace(customer: Customer) -> ProductGrace:
    found = graces.find_open(running.subscription_of(customer).id)
    assert found is not None
    return found


def _told(customer: Customer) -> list[dict[str, object]]:
    told = select(DomainEvent.facts).where(DomainEvent.name == PRODUCT_LIMIT_PASSED)
    return list(db_session.scalars(told.order_by(DomainEvent.id)))


def _shown(customer: Customer) -> int:
    found = visibility.find_entitlement(business_of(customer).id)
    assert found is not None
    limit = found.product_limit if found.overage_policy == visibility.HIDE else None
    db_session.expire_all()
    return products.list_shown_page(business_of(customer), 1, limit).total


def _give_credit(customer: Customer) -> None:
    """£4.00, by going up to Enterprise and straight down again."""
    assert running.paid(customer, shop.make_quote(customer, "enterprise")) == "paid"
    down = shop.make_quote(customer, "starter")
    assert checkout.start_payment(customer, down, shop.METHOD, edge.now()) is None
    assert credit_balance.of(customer.id, GBP) == Money(400, GBP)


def test_as_many_as_the_tier_holds_start_nothing(customer: Customer) -> None:
    assert graces.find_open(running.subscription_of(customer).id) is None
    assert (_told(customer), _shown(customer)) == ([], 10)


def test_going_over_starts_a_grace_that_shows_all_and_says_what_it_may_cost(customer: Customer) -> None:
    after(customer, days=10)
    add(customer, 2)
    grace = _grace(customer)
    assert grace.ends_at - grace.started_at == timedelta(days=7)
    assert _shown(customer) == 12
    [told] = _told(customer)
    assert (told["step"], told["count"], told["limit"], told["ends_on"]) == ("started", 12, 10, "2027-04-18")
    assert (told["tier"], told["today"], told["amount"]) == ("pro", 133, 87)  # £2.00 × 20, and × 13, of 30 days
    assert next_look(customer) == grace.ends_at - timedelta(days=3)
    look(customer)
    assert len(_told(customer)) == 1


def test_an_end_in_the_next_period_costs_its_days_there(customer: Customer) -> None:
    after(customer, days=27)
    add(customer, 1)
    [told] = _told(customer)
    assert (told["today"], told["ends_on"], told["amount"]) == (20, "2027-05-05", 174)  # £2.00 × 27 of 31 days


def test_nobody_pays_so_the_newest_are_hidden_until_something_is_done(customer: Customer) -> None:
    add(customer, 2)
    after(customer, days=4)
    assert [told["step"] for told in _told(customer)] == ["started", "soon"]
    assert next_look(customer) == _grace(customer).ends_at
    after(customer, days=3)
    assert [told["step"] for told in _told(customer)] == ["started", "soon", "hidden"]
    assert (_grace(customer).status, _shown(customer), running.subscription_of(customer).status) == (
        "hidden",
        10,
        "active",
    )
    add(customer, 3)
    assert (_shown(customer), len(_told(customer))) == (10, 3)


def test_credit_pays_the_tier_that_fits_and_that_is_told_once(customer: Customer) -> None:
    _give_credit(customer)
    add(customer, 1)
    after(customer, days=4)
    after(customer, days=3)
    assert running.subscription_of(customer).tier_code == "pro"
    assert credit_balance.of(customer.id, GBP) == Money(400 - 153, GBP)  # £2.00 × 23 of 30 days
    look(customer)
    assert [told["step"] for told in _told(customer)] == ["started", "soon"]
    after(customer, days=2)
    assert graces.find_open(running.subscription_of(customer).id) is None
    assert credit_balance.of(customer.id, GBP) == Money(400 - 153, GBP)


def test_an_end_waits_for_a_period_that_is_late(customer: Customer) -> None:
    after(customer, days=25)
    add(customer, 1)
    clock.advance(timedelta(days=7))  # nothing has renewed it
    look(customer)
    assert (_grace(customer).status, next_look(customer)) == ("running", edge.now() + timedelta(minutes=15))
    after(customer, minutes=15)
    assert _grace(customer).status == "hidden"


def test_never_more_is_charged_than_was_told(customer: Customer) -> None:
    _give_credit(customer)
    add(customer, 1)
    after(customer, days=5)
    add(customer, 100)  # only Enterprise holds so many
    after(customer, days=2)
    assert (running.subscription_of(customer).tier_code, _grace(customer).status) == ("starter", "hidden")
    assert credit_balance.of(customer.id, GBP) == Money(400, GBP)


def _carry_a_branch(customer: Customer) -> None:
    branch_batches.add(customer, business_of(customer).id, edge.now(), may_spend=True, **shop.place("High Street"))
    quote = checkout.quote_batch(customer, shop.METHOD, edge.now())
    assert checkout.start_payment(customer, quote, ways.CARD, edge.now()) is None


@pytest.mark.parametrize("is_told_before", [True, False])
def test_what_is_carried_is_charged_along_where_it_was_told(customer: Customer, *, is_told_before: bool) -> None:
    store_card(customer)
    running.until(running.FIRST + timedelta(days=22))
    steps = [lambda: _carry_a_branch(customer), lambda: add(customer, 11), lambda: after(customer, days=4)]
    for step in steps if is_told_before else [*steps[1:], steps[0]]:
        step()
    carried = carried_account.of(customer.id, "GBP").amount
    assert [told["carried"] for told in _told(customer)] == [carried if is_told_before else 0] * 2
    after(customer, days=3)
    assert [told["step"] for told in _told(customer)][2:] == ([] if is_told_before else ["hidden"])
    if is_told_before:
        assert _charged(customer).amount == sum(_told(customer)[-1][name] for name in ("amount", "carried"))


def test_who_chose_to_hide_is_charged_nothing(customer: Customer) -> None:
    _give_credit(customer)
    running.subscription_of(customer).can_grow = False
    add(customer, 1)
    after(customer, days=7)
    assert (running.subscription_of(customer).tier_code, _shown(customer)) == ("starter", 10)
    assert [told["grows"] for told in _told(customer)] == [False, False]


def _charged(customer: Customer) -> PaymentSession:
    live = sessions.live_of_subscription(running.subscription_of(customer).id)
    assert live is not None
    return get_session(live.public_id)


def test_the_stored_card_is_charged_without_its_holder_and_the_tier_moves_once_it_is_paid(customer: Customer) -> None:
    store_card(customer)
    add(customer, 1)
    after(customer, days=4)
    after(customer, days=3)
    session = _charged(customer)
    assert (session.provider, session.is_automatic, session.owed) == (ways.CARD, True, Money(153, GBP))
    assert (running.subscription_of(customer).tier_code, _shown(customer)) == ("starter", 11)
    assert next_look(customer) == edge.now() + timedelta(minutes=15)
    after(customer, minutes=15)
    assert _charged(customer).public_id == session.public_id
    assert running.pay(session) == "paid"
    after(customer, days=2)
    assert (running.subscription_of(customer).tier_code, _shown(customer)) == ("pro", 11)
    after(customer, days=2)
    assert graces.find_open(running.subscription_of(customer).id) is None


def test_a_card_that_is_refused_is_charged_once_and_the_newest_are_hidden(customer: Customer) -> None:
    store_card(customer)
    add(customer, 1)
    after(customer, days=7)
    charges.prepare_charge(attempt_of(_charged(customer).id).id, edge.now())
    refused = Answer("create_charge", Result.DONE, 402, "insufficient_funds", 40, outcome=ChargeOutcome.SOFT_DECLINE)
    assert apply_decline(_charged(customer), refused, edge.now()) == "declined"
    for _ in range(2):
        after(customer, minutes=15)
        assert sessions.live_of_subscription(running.subscription_of(customer).id) is None
    assert (_grace(customer).status, _shown(customer)) == ("hidden", 10)
    assert running.subscription_of(customer).status == "active"


def test_only_48_hours_in_a_row_under_the_limit_stop_it(customer: Customer) -> None:
    add(customer, 1)
    ends_at = _grace(customer).ends_at
    [newest] = products.list_page(business_of(customer), 1, "Cake 0").items[:1]
    for _ in range(3):
        products.set_hidden(newest.product, True, edge.now())
        look(customer)
        after(customer, hours=47)
        products.set_hidden(newest.product, False, edge.now())
        look(customer)
        assert _grace(customer).ends_at == ends_at
    after(customer, hours=27)
    assert _grace(customer).status == "hidden"
    products.set_hidden(newest.product, True, edge.now())
    look(customer)
    assert next_look(customer) == edge.now() + timedelta(hours=48)
    after(customer, hours=48)
    assert graces.find_open(running.subscription_of(customer).id) is None
    products.set_hidden(newest.product, False, edge.now())
    look(customer)
    assert (_grace(customer).status, _shown(customer)) == ("running", 11)


def test_it_rests_while_the_plan_hibernates_and_says_its_end_anew(customer: Customer) -> None:
    add(customer, 1)
    after(customer, days=5)
    ends_at = _grace(customer).ends_at
    _turn(customer, "hibernating")
    assert next_look(customer) is None
    after(customer, days=20)
    assert _grace(customer).status == "running"
    _turn(customer, "awake")
    assert _grace(customer).ends_at == ends_at + timedelta(days=20)
    assert [told["step"] for told in _told(customer)] == ["started", "soon", "soon"]


def _turn(customer: Customer, mode: str) -> None:
    subscription = running.subscription_of(customer)
    subscription.mode = mode
    db_session.flush()
    entitlement.refresh(subscription, business_of(customer).id, edge.now())
    look(customer)


def test_a_payment_under_way_is_waited_for(customer: Customer) -> None:
    add(customer, 1)
    running.until(running.FIRST + timedelta(days=6, hours=23, minutes=50))
    session = shop.open_session(customer, shop.make_quote(customer, "pro"))
    after(customer, minutes=10)
    assert (_grace(customer).status, next_look(customer)) == ("running", edge.now() + timedelta(minutes=15))
    assert running.pay(session) == "paid"
    after(customer, minutes=15)
    assert (_grace(customer).status, _shown(customer)) == ("running", 11)
    after(customer, days=2)
    assert graces.find_open(running.subscription_of(customer).id) is None


def test_what_is_suspended_with_too_many_can_still_be_looked_at(customer: Customer) -> None:
    after(customer, days=29)
    add(customer, 1)
    product_limits.reconcile(business_of(suspended(customer)).id, edge.now())
    standing = find_overage(business_of(customer), edge.now())
    assert standing is not None
    assert (standing.is_resting, standing.is_over, standing.offer) == (True, True, None)


def test_the_database_keeps_one_grace_open_and_sees_what_does_not_go_together(customer: Customer) -> None:
    add(customer, 1)
    grace = _grace(customer)
    with pytest.raises(IntegrityError), db_session.begin_nested():
        graces.begin(grace.subscription_id, edge.now())
    with db_session.begin_nested() as planted:
        db_session.execute(text("UPDATE product_graces SET status = 'hidden', under_since = now()"))
        db_session.execute(text("DELETE FROM staged_jobs"))
        found = {violation.rule for violation in invariants.violations()}
        assert found == {"newest_are_hidden_after_a_grace", "grace_has_its_next_look"}
        planted.rollback()
