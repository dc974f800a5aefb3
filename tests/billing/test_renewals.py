"""Renewals: announced, waited for or invoiced in their time, to the penny, once each, however many at a time."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.billing import due, queries, renewals
from portal.billing.apply_payment import apply_payment
from portal.billing.models import PeriodHolding, Subscription, SubscriptionPeriod
from portal.currency import rates
from portal.insights import invariants
from portal.invoicing.models import Customer, Invoice
from portal.invoicing.queries import lines_of
from portal.kit import clock, edge
from portal.kit.db import db as db_session
from portal.kit.money import Money
from portal.kit.outbox import DomainEvent
from portal.payments.models import MembershipTransaction
from tests.support import shop
from tests.support.everything import store_card
from tests.support.world import PER_EURO

START = datetime(2027, 1, 31, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _kept(db: None) -> Iterator[None]:
    _until(START)
    yield
    assert invariants.violations() == []


def _until(instant: datetime) -> None:
    clock.advance(instant - edge.now())
    rates.store({instant.date(): PER_EURO}, "test", edge.now())


def _make(name: str = "Lantern Coffee", branches: int = 0, **changes: str) -> Customer:
    business = shop.make_business(shop.make_owner(f"{name.split()[0].lower()}@shop.example"), name, **changes)
    for number in range(branches):
        shop.make_branch(business, f"Branch {number}")
    customer = shop.make_customer(business)
    session = shop.open_session(customer, shop.make_quote(customer, "starter"))
    assert apply_payment(session, shop.evidence_for(session), edge.now()) == "paid"
    return customer


def _credit(customer: Customer, amount: int) -> None:
    shop.give_credit(db_session.scalars(select(Invoice.id).where(Invoice.customer_id == customer.id)).one(), amount)


def _subscription(customer: Customer) -> Subscription:
    found = queries.find_live(customer.id)
    assert found is not None
    db_session.refresh(found)
    return found


def _renewals(customer: Customer) -> list[Invoice]:
    query = select(Invoice).where(Invoice.customer_id == customer.id, Invoice.kind == renewals.KIND)
    return list(db_session.scalars(query.order_by(Invoice.period_starts_on)))


def _events(name: str) -> list[DomainEvent]:
    return list(db_session.scalars(select(DomainEvent).where(DomainEvent.name == name)))


def _renew() -> int:
    return renewals.renew_chunk(edge.now())


def test_nothing_is_due_before_a_week_ahead() -> None:
    customer = _make()
    assert _subscription(customer).renews_at == datetime(2027, 2, 21, tzinfo=UTC)
    _until(datetime(2027, 2, 20, 23, 59, tzinfo=UTC))
    assert due.count_due(edge.now()) == 0
    assert _renew() == 0


def test_a_week_ahead_it_is_announced_once_with_its_amount() -> None:
    customer = _make(branches=2)
    _until(datetime(2027, 2, 21, tzinfo=UTC))
    assert (_renew(), _renew()) == (1, 0)
    assert _renewals(customer) == []
    announced = _events(renewals.ANNOUNCED)
    assert [(event.facts["amount"], event.facts["starts_on"]) for event in announced] == [(300, "2027-02-28")]


def test_three_days_ahead_who_pays_by_hand_has_an_open_invoice_and_the_next_period() -> None:
    customer = _make(branches=2)
    _until(datetime(2027, 2, 25, tzinfo=UTC))
    assert (_renew(), _renew()) == (1, 0)
    invoice = _renewals(customer)[0]
    assert (invoice.status, invoice.number, invoice.due) == ("open", "INV-2027-000002", Money(300, "GBP"))
    assert (invoice.due_on, invoice.quote_id) == (date(2027, 2, 28), None)
    assert [(line.code, line.quantity, line.amount) for line in lines_of(invoice.id)] == [
        ("starter", 1, 100),
        ("branch", 2, 200),
    ]
    period = queries.newest_period(invoice.subscription_id)
    assert period is not None
    assert (period.number, period.starts_on, period.ends_on) == (1, date(2027, 2, 28), date(2027, 3, 31))
    assert _subscription(customer).renews_at == datetime(2027, 3, 23, 23, tzinfo=UTC)


@pytest.mark.parametrize("has_card", [True, False])
def test_what_can_be_pulled_is_invoiced_on_the_first_day(has_card: bool) -> None:
    customer = _make()
    _ = store_card(customer) if has_card else _credit(customer, 100)
    _until(datetime(2027, 2, 25, tzinfo=UTC))
    assert (_renew(), _renewals(customer)) == (1, [])
    _until(datetime(2027, 2, 28, tzinfo=UTC) - timedelta(seconds=1))
    assert _renew() == 0
    _until(datetime(2027, 2, 28, tzinfo=UTC))
    assert _renew() == 1
    assert [invoice.status for invoice in _renewals(customer)] == ["open" if has_card else "paid"]


def test_credit_pays_all_of_it_as_a_purchase_of_its_own() -> None:
    customer = _make()
    _credit(customer, 100)
    _until(datetime(2027, 2, 28, tzinfo=UTC))
    _renew()
    invoice = _renewals(customer)[0]
    assert (invoice.status, invoice.credit_amount, invoice.paid_at) == ("paid", 100, edge.now())
    query = select(MembershipTransaction).where(MembershipTransaction.invoice_id == invoice.id)
    bought = db_session.scalars(query).one()
    assert (bought.status, bought.method, bought.amount, bought.cost_amount) == ("completed", "credit", 100, 0)


def test_credit_that_does_not_reach_pays_its_part() -> None:
    customer = _make()
    _credit(customer, 30)
    _until(datetime(2027, 2, 25, tzinfo=UTC))
    _renew()
    invoice = _renewals(customer)[0]
    assert (invoice.status, invoice.credit_amount, invoice.due) == ("open", 30, Money(70, "GBP"))


def test_three_periods_missed_are_billed_one_by_one_in_order() -> None:
    customer = _make()
    _until(datetime(2027, 5, 1, tzinfo=UTC))
    assert [_renew() for _ in range(4)] == [1, 1, 1, 0]
    assert [(str(one.period_starts_on), str(one.due_on)) for one in _renewals(customer)] == [
        ("2027-02-28", "2027-05-01"),
        ("2027-03-31", "2027-05-01"),
        ("2027-04-30", "2027-05-01"),
    ]
    assert [one.number for one in _renewals(customer)] == [f"INV-2027-00000{number}" for number in (2, 3, 4)]
    assert _events(renewals.ANNOUNCED) == []


def test_a_chunk_takes_no_more_than_its_limit_and_numbers_have_no_gap() -> None:
    for number in range(5):
        _make(f"Shop{number} One")
    _until(datetime(2027, 2, 25, tzinfo=UTC))
    assert [renewals.renew_chunk(edge.now(), 2) for _ in range(4)] == [2, 2, 1, 0]
    numbers = db_session.scalars(select(Invoice.number).order_by(Invoice.number)).all()
    assert numbers == [f"INV-2027-{number:06d}" for number in range(1, 11)]


def test_a_foreign_price_is_converted_at_the_newest_rate_for_the_whole_period() -> None:
    customer = _make(currency="EUR")
    _until(datetime(2027, 2, 25, tzinfo=UTC))
    _renew()
    line = lines_of(_renewals(customer)[0].id)[0]
    assert line.derivation["rate_on"] == "2027-02-25"
    period = queries.newest_period(_renewals(customer)[0].subscription_id)
    assert period is not None
    assert period.rate_on == date(2027, 2, 25)


def test_without_a_fresh_rate_it_waits_and_holds_nobody_up() -> None:
    waiting, other = _make(currency="EUR"), _make("Other Shop")
    clock.advance(datetime(2027, 2, 25, tzinfo=UTC) - edge.now())
    assert (_renew(), _renew()) == (2, 0)
    assert (len(_renewals(waiting)), len(_renewals(other))) == (0, 1)
    assert _subscription(waiting).renews_at == edge.now() + timedelta(hours=1)
    _until(edge.now() + timedelta(hours=1))
    assert (_renew(), len(_renewals(waiting))) == (1, 1)


def test_what_is_held_of_the_period_is_what_its_lines_say() -> None:
    customer = _make(branches=1)
    _until(datetime(2027, 2, 25, tzinfo=UTC))
    _renew()
    query = (
        select(PeriodHolding.code, PeriodHolding.quantity, PeriodHolding.unit_amount, PeriodHolding.from_on)
        .join(SubscriptionPeriod, SubscriptionPeriod.id == PeriodHolding.period_id)
        .where(SubscriptionPeriod.number == 1, SubscriptionPeriod.subscription_id == _subscription(customer).id)
        .order_by(PeriodHolding.id)
    )
    first = date(2027, 2, 28)
    assert [tuple(row) for row in db_session.execute(query)] == [("starter", 1, 100, first), ("branch", 1, 100, first)]
