"""The soft limit on the books: a grace is told of, paid out of credit for no more than was told, or the newest hide."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from portal.billing import checkout, entitlement, graces, product_limits, queries, renewals
from portal.billing.apply_payment import apply_payment
from portal.billing.events import PRODUCT_LIMIT_PASSED, RECONCILE_PRODUCT_LIMITS
from portal.billing.models import ProductGrace, Subscription
from portal.currency import rates
from portal.directory import businesses, products, visibility
from portal.directory.models import Business
from portal.insights import invariants
from portal.invoicing import credit_balance
from portal.invoicing.models import Customer
from portal.kit import clock, edge, jobs
from portal.kit.db import db as db_session
from portal.kit.money import Money
from portal.kit.outbox import DomainEvent
from tests.directory.shops import make_product
from tests.support import shop
from tests.support.world import PER_EURO

GBP = "GBP"
START = datetime(2027, 4, 1, 12, tzinfo=UTC)


@pytest.fixture
def customer(db: None) -> Iterator[Customer]:
    """A customer who pays £1.00 for Starter from the first of a month of 30 days, with 10 products."""
    _until(START)
    business = shop.make_business(shop.make_owner())
    customer = shop.make_customer(business)
    session = shop.open_session(customer, shop.make_quote(customer, "starter"))
    assert apply_payment(session, shop.evidence_for(session), edge.now()) == "paid"
    _add(customer, 10)
    yield customer
    assert invariants.violations() == []


def _until(instant: datetime) -> None:
    clock.advance(instant - edge.now())
    rates.store({instant.date(): PER_EURO}, "test", edge.now())


def _business(customer: Customer) -> Business:
    assert customer.business_id is not None
    return businesses.get(customer.business_id)


def _add(customer: Customer, count: int) -> None:
    for number in range(count):
        make_product(_business(customer), f"Cake {number}", edge.now())
    _look(customer)


def _look(customer: Customer) -> None:
    """What the worker does with the jobs that are due, as none runs here."""
    db_session.execute(text("UPDATE staged_jobs SET state = 'done', done_at = now() WHERE due_at <= business_now()"))
    while renewals.renew_chunk(edge.now()):
        pass
    product_limits.reconcile(_business(customer).id, edge.now())


def _after(customer: Customer, **time: int) -> None:
    _until(edge.now() + timedelta(**time))
    _look(customer)


def _subscription(customer: Customer) -> Subscription:
    found = queries.find_live(customer.id)
    assert found is not None
    return found


def _grace(customer: Customer) -> ProductGrace:
    found = graces.find_open(_subscription(customer).id)
    assert found is not None
    return found


def _told(customer: Customer) -> list[dict[str, object]]:
    told = select(DomainEvent.facts).where(DomainEvent.name == PRODUCT_LIMIT_PASSED)
    return list(db_session.scalars(told.order_by(DomainEvent.id)))


def _shown(customer: Customer) -> int:
    found = visibility.find_entitlement(_business(customer).id)
    assert found is not None
    limit = found.product_limit if found.overage_policy == visibility.HIDE else None
    db_session.expire_all()
    return products.list_shown_page(_business(customer), 1, limit).total


def _give_credit(customer: Customer) -> None:
    """£4.00, by going up to Enterprise and straight down again."""
    session = shop.open_session(customer, shop.make_quote(customer, "enterprise"))
    assert apply_payment(session, shop.evidence_for(session), edge.now()) == "paid"
    down = shop.make_quote(customer, "starter")
    assert checkout.start_payment(customer, down, shop.METHOD, edge.now()) is None
    assert credit_balance.of(customer.id, GBP) == Money(400, GBP)


def _next_look(customer: Customer) -> datetime | None:
    key = f"{RECONCILE_PRODUCT_LIMITS}:{_business(customer).id}"
    waiting = select(jobs.StagedJob.due_at).where(jobs.StagedJob.key == key, jobs.StagedJob.state == "pending")
    return db_session.scalars(waiting).one_or_none()


def test_as_many_as_the_tier_holds_start_nothing(customer: Customer) -> None:
    assert graces.find_open(_subscription(customer).id) is None
    assert (_told(customer), _shown(customer)) == ([], 10)


def test_going_over_starts_a_grace_that_shows_all_and_says_what_it_may_cost(customer: Customer) -> None:
    _after(customer, days=10)
    _add(customer, 2)
    grace = _grace(customer)
    assert grace.ends_at - grace.started_at == timedelta(days=7)
    assert _shown(customer) == 12
    [told] = _told(customer)
    assert (told["step"], told["count"], told["limit"], told["ends_on"]) == ("started", 12, 10, "2027-04-18")
    assert (told["tier"], told["today"], told["amount"]) == ("pro", 133, 87)  # £2.00 × 20, and × 13, of 30 days
    assert _next_look(customer) == grace.ends_at - timedelta(days=3)
    _look(customer)
    assert len(_told(customer)) == 1


def test_an_end_in_the_next_period_costs_its_days_there(customer: Customer) -> None:
    _after(customer, days=27)
    _add(customer, 1)
    [told] = _told(customer)
    assert (told["today"], told["ends_on"], told["amount"]) == (20, "2027-05-05", 174)  # £2.00 × 27 of 31 days


def test_nobody_pays_so_the_newest_are_hidden_until_something_is_done(customer: Customer) -> None:
    _add(customer, 2)
    _after(customer, days=4)
    assert [told["step"] for told in _told(customer)] == ["started", "soon"]
    assert _next_look(customer) == _grace(customer).ends_at
    _after(customer, days=3)
    assert [told["step"] for told in _told(customer)] == ["started", "soon", "hidden"]
    assert (_grace(customer).status, _shown(customer), _subscription(customer).status) == ("hidden", 10, "active")
    _add(customer, 3)
    assert (_shown(customer), len(_told(customer))) == (10, 3)


def test_credit_pays_the_tier_that_fits_and_that_is_told_once(customer: Customer) -> None:
    _give_credit(customer)
    _add(customer, 1)
    _after(customer, days=4)
    _after(customer, days=3)
    assert _subscription(customer).tier_code == "pro"
    assert credit_balance.of(customer.id, GBP) == Money(400 - 153, GBP)  # £2.00 × 23 of 30 days
    _look(customer)
    assert [told["step"] for told in _told(customer)] == ["started", "soon"]
    _after(customer, days=2)
    assert graces.find_open(_subscription(customer).id) is None
    assert credit_balance.of(customer.id, GBP) == Money(400 - 153, GBP)


def test_never_more_is_charged_than_was_told(customer: Customer) -> None:
    _give_credit(customer)
    _add(customer, 1)
    _after(customer, days=5)
    _add(customer, 100)  # only Enterprise holds so many
    _after(customer, days=2)
    assert (_subscription(customer).tier_code, _grace(customer).status) == ("starter", "hidden")
    assert credit_balance.of(customer.id, GBP) == Money(400, GBP)


def test_who_chose_to_hide_is_charged_nothing(customer: Customer) -> None:
    _give_credit(customer)
    _subscription(customer).can_grow = False
    _add(customer, 1)
    _after(customer, days=7)
    assert (_subscription(customer).tier_code, _shown(customer)) == ("starter", 10)
    assert [told["grows"] for told in _told(customer)] == [False, False]


def test_only_48_hours_in_a_row_under_the_limit_stop_it(customer: Customer) -> None:
    _add(customer, 1)
    ends_at = _grace(customer).ends_at
    [newest] = products.list_page(_business(customer), 1, "Cake 0").items[:1]
    for _ in range(3):
        products.set_hidden(newest.product, True, edge.now())
        _look(customer)
        _after(customer, hours=47)
        products.set_hidden(newest.product, False, edge.now())
        _look(customer)
        assert _grace(customer).ends_at == ends_at
    _after(customer, hours=27)
    assert _grace(customer).status == "hidden"
    products.set_hidden(newest.product, True, edge.now())
    _look(customer)
    assert _next_look(customer) == edge.now() + timedelta(hours=48)
    _after(customer, hours=48)
    assert graces.find_open(_subscription(customer).id) is None
    products.set_hidden(newest.product, False, edge.now())
    _look(customer)
    assert (_grace(customer).status, _shown(customer)) == ("running", 11)


def test_it_rests_while_the_plan_hibernates_and_says_its_end_anew(customer: Customer) -> None:
    _add(customer, 1)
    _after(customer, days=5)
    ends_at = _grace(customer).ends_at
    _turn(customer, "hibernating")
    assert _next_look(customer) is None
    _after(customer, days=20)
    assert _grace(customer).status == "running"
    _turn(customer, "awake")
    assert _grace(customer).ends_at == ends_at + timedelta(days=20)
    assert [told["step"] for told in _told(customer)] == ["started", "soon", "soon"]


def _turn(customer: Customer, mode: str) -> None:
    subscription = _subscription(customer)
    subscription.mode = mode
    db_session.flush()
    entitlement.refresh(subscription, _business(customer).id, edge.now())
    _look(customer)


def test_a_payment_under_way_is_waited_for(customer: Customer) -> None:
    _add(customer, 1)
    _until(START + timedelta(days=6, hours=23, minutes=50))
    session = shop.open_session(customer, shop.make_quote(customer, "pro"))
    _after(customer, minutes=10)
    assert (_grace(customer).status, _next_look(customer)) == ("running", edge.now() + timedelta(minutes=15))
    assert apply_payment(session, shop.evidence_for(session), edge.now()) == "paid"
    _after(customer, minutes=15)
    assert (_grace(customer).status, _shown(customer)) == ("running", 11)
    _after(customer, days=2)
    assert graces.find_open(_subscription(customer).id) is None


def test_the_database_keeps_one_grace_open_and_sees_what_does_not_go_together(customer: Customer) -> None:
    _add(customer, 1)
    grace = _grace(customer)
    with pytest.raises(IntegrityError), db_session.begin_nested():
        graces.begin(grace.subscription_id, edge.now())
    with db_session.begin_nested() as planted:
        db_session.execute(text("UPDATE product_graces SET status = 'hidden', under_since = now()"))
        db_session.execute(text("DELETE FROM staged_jobs"))
        found = {violation.rule for violation in invariants.violations()}
        assert found == {"newest_are_hidden_after_a_grace", "grace_has_its_next_look"}
        planted.rollback()
