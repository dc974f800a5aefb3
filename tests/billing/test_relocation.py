"""Living in another time zone: what is cut already stays, only boundaries to come are its midnights."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select

from portal.billing import branch_batches, checkout, hibernation, preview, relocation, wake_days
from portal.billing.errors import ChangeInProgress
from portal.billing.models import SubscriptionPeriod
from portal.directory.errors import NoSuchChoice
from portal.identity import queries
from portal.identity.models import User
from portal.insights import invariants
from portal.invoicing.models import Customer
from portal.kit import clock, edge
from portal.kit.db import db as db_session
from portal.kit.jobs import StagedJob
from tests.billing.test_restoration import suspended
from tests.support import running, shop

EARLY, LATE = "Pacific/Kiritimati", "Pacific/Honolulu"
"""Where days begin first, and nearly last."""
ENDS_AT = datetime(2027, 4, 30, 23, tzinfo=UTC)
"""London's midnight, at which the month ends that began on ``running.FIRST``."""
LAST, NEXT = date(2027, 4, 30), date(2027, 5, 1)


@pytest.fixture
def customer(db: None) -> Iterator[Customer]:
    """A customer of London who pays £3.00 for Pro from the first of a month of 30 days on."""
    yield running.started("pro")
    assert invariants.violations() == []


def owner_of(customer: Customer) -> User:
    [member] = queries.list_members(running.business_of(customer).id)
    return queries.get_user(member.user_id)


def move(customer: Customer, time_zone: str) -> None:
    relocation.move(running.business_of(customer), time_zone, owner_of(customer), edge.now())


def periods_of(customer: Customer) -> list[SubscriptionPeriod]:
    subscription = running.subscription_of(customer)
    query = select(SubscriptionPeriod).where(SubscriptionPeriod.subscription_id == subscription.id)
    return list(db_session.scalars(query.order_by(SubscriptionPeriod.number)))


def pay_next_month(customer: Customer) -> None:
    shop.give_credit(running.invoices_of(customer)[0].id, 300)


@pytest.mark.parametrize("time_zone", [EARLY, LATE])
def test_d4_the_next_period_begins_where_the_last_one_ends_and_ends_at_midnight_there(
    customer: Customer, time_zone: str
) -> None:
    pay_next_month(customer)
    move(customer, time_zone)
    running.until(ENDS_AT)
    first, second = periods_of(customer)
    assert (first.ends_at, second.starts_at) == (ENDS_AT, ENDS_AT)
    assert (second.starts_on, second.ends_on) == (NEXT, date(2027, 6, 1))
    assert second.ends_at == datetime(2027, 6, 1, tzinfo=ZoneInfo(time_zone)).astimezone(UTC)


def test_where_the_next_month_has_begun_already_the_last_day_of_this_one_counts(customer: Customer) -> None:
    running.until(ENDS_AT - timedelta(hours=5))
    move(customer, EARLY)
    quote = checkout.quote_tier(customer, "enterprise", shop.METHOD, edge.now())
    assert (quote.quoted_on, quote.total.amount) == (LAST, 7), "£2.00 × 1 of 30 days"
    assert running.paid(customer, quote) == "paid"
    again = checkout.quote_hibernation(customer, None, shop.METHOD, edge.now())
    assert (again.quoted_on, again.total.amount) == (LAST, -15)


def test_where_the_last_month_goes_on_the_first_day_of_this_one_counts(customer: Customer) -> None:
    pay_next_month(customer)
    running.until(ENDS_AT + timedelta(hours=1))
    move(customer, LATE)
    quote = checkout.quote_tier(customer, "enterprise", shop.METHOD, edge.now())
    assert (quote.quoted_on, quote.total.amount) == (NEXT, 200)


def test_what_was_shown_before_is_shown_anew_where_the_day_is_another(customer: Customer) -> None:
    quote = checkout.quote_tier(customer, "enterprise", shop.METHOD, edge.now())
    move(customer, EARLY)
    fresh = checkout.renew_quote(customer, quote, shop.METHOD, edge.now())
    assert (quote.quoted_on, fresh.quoted_on) == (date(2027, 4, 1), date(2027, 4, 2))


def test_it_is_suspended_for_the_days_that_the_period_has(customer: Customer) -> None:
    running.until(ENDS_AT + timedelta(hours=1))
    move(customer, LATE)
    suspended(customer)
    assert invariants.violations() == []


@pytest.mark.parametrize("time_zone", [EARLY, LATE])
def test_it_wakes_when_its_day_begins_there(customer: Customer, time_zone: str) -> None:
    day = date(2027, 4, 10)
    quote = checkout.quote_hibernation(customer, day, shop.METHOD, edge.now())
    assert checkout.start_payment(customer, quote, shop.METHOD, edge.now()) is None
    move(customer, time_zone)
    wakes_at = hibernation.wakes_at(day, time_zone)
    jobs = select(StagedJob.due_at).where(StagedJob.name == hibernation.WAKE)
    london = hibernation.wakes_at(day, "Europe/London")
    assert db_session.scalars(jobs).one() == min(wakes_at, london)
    clock.advance(min(wakes_at, london) + timedelta(minutes=1) - edge.now())
    wake_days.wake(running.subscription_of(customer).id, day, edge.now())
    assert running.subscription_of(customer).mode == ("awake" if wakes_at <= london else "hibernating")
    clock.advance(max(wakes_at + timedelta(minutes=1) - edge.now(), timedelta()))
    wake_days.wake(running.subscription_of(customer).id, day, edge.now())
    assert running.subscription_of(customer).mode == "awake"
    assert invariants.violations() == []


@pytest.mark.parametrize(("time_zone", "day", "amount"), [(EARLY, LAST, 3), (LATE, date(2027, 4, 29), 7)])
def test_the_preview_settles_on_the_day_it_is_there(customer: Customer, time_zone: str, day: date, amount: int) -> None:
    running.until(ENDS_AT - timedelta(hours=30))
    branch_batches.add(customer, running.business_of(customer).id, edge.now(), may_spend=True, **shop.place("Harbour"))
    move(customer, time_zone)
    charge = preview.next_charge(running.subscription_of(customer).id, edge.now())
    assert charge is not None
    assert (charge.kind, charge.due_on, charge.total and charge.total.amount) == ("branch_batch", day, amount)
    clock.advance(datetime(2027, 4, 29, 23, tzinfo=UTC) - edge.now())
    quote = checkout.quote_batch(customer, shop.METHOD, edge.now())
    assert (quote.quoted_on, quote.total.amount) == (day, amount)


def test_while_something_is_paid_nobody_moves(customer: Customer) -> None:
    session = shop.open_session(customer, checkout.quote_tier(customer, "enterprise", shop.METHOD, edge.now()))
    with pytest.raises(ChangeInProgress):
        move(customer, EARLY)
    assert (customer.time_zone, running.business_of(customer).time_zone) == ("Europe/London", "Europe/London")
    assert running.pay(session) == "paid"
    move(customer, EARLY)
    assert (customer.time_zone, running.business_of(customer).time_zone) == (EARLY, EARLY)


def test_there_is_no_other_zone(customer: Customer) -> None:
    with pytest.raises(NoSuchChoice):
        move(customer, "Mars/Olympus")
    assert customer.time_zone == "Europe/London"
