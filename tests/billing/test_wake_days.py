"""The day on which a hibernating listing wakes: by credit, by the stored card, else asked for, and never forgotten."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select, update

from portal.billing import checkout, hibernation, states, wake_days, ways
from portal.billing.errors import PayFirst
from portal.billing.models import Quote
from portal.directory import visibility
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


@pytest.fixture
def customer(db: None) -> Iterator[Customer]:
    """A customer who pays £3.00 for Pro and £1.00 for a further branch from the first of a month of 30 days on."""
    yield running.started("pro", branches=1)
    assert invariants.violations() == []


def _hibernate(customer: Customer, wakes_on: date) -> None:
    quote = checkout.quote_hibernation(customer, wakes_on, shop.METHOD, edge.now())
    assert checkout.start_payment(customer, quote, shop.METHOD, edge.now()) is None


def _waking(customer: Customer) -> Quote:
    return checkout.quote_waking(customer, shop.METHOD, edge.now())


def _is_listed(customer: Customer) -> bool:
    return visibility.status(running.business_of(customer).id) == "listed"


def _planned(customer: Customer) -> list[tuple[str, datetime]]:
    """What is staged for the day that is chosen now."""
    day = str(running.subscription_of(customer).wakes_on)
    jobs = db_session.scalars(select(StagedJob).where(StagedJob.name.in_((hibernation.WAKE, hibernation.ANNOUNCE))))
    return sorted((job.name, job.due_at) for job in jobs if job.args["wakes_on"] == day)


def _asked(customer: Customer) -> int:
    subject = running.subscription_of(customer).public_id
    events = select(DomainEvent).where(DomainEvent.name == wake_days.WAITS, DomainEvent.subject == subject)
    return len(db_session.scalars(events).all())


def test_on_its_day_it_wakes_by_credit_and_by_an_older_day_never(customer: Customer) -> None:
    day, subscription_id = date(2027, 4, 20), running.subscription_of(customer).id
    _hibernate(customer, date(2027, 4, 11))
    hibernation.plan_waking(customer, day, edge.now())
    assert _planned(customer) == [
        (hibernation.ANNOUNCE, datetime(2027, 4, 16, 23, 5, tzinfo=UTC)),
        (hibernation.WAKE, datetime(2027, 4, 19, 23, 5, tzinfo=UTC)),
    ]
    running.until(datetime(2027, 4, 10, 23, 5, tzinfo=UTC))
    wake_days.wake(subscription_id, date(2027, 4, 11), edge.now())
    assert not _is_listed(customer)
    running.until(datetime(2027, 4, 19, 23, 5, tzinfo=UTC))

    wake_days.wake(subscription_id, day, edge.now())
    wake_days.wake(subscription_id, day, edge.now())

    assert _is_listed(customer)
    assert running.subscription_of(customer).wakes_on is None
    assert credit_balance.of(customer.id, GBP).amount == 350 - round((400 - 50) * 11 / 30)


def test_what_credit_does_not_pay_is_asked_for_ahead_and_on_the_day(customer: Customer) -> None:
    day, subscription_id = date(2027, 4, 3), running.subscription_of(customer).id
    _hibernate(customer, day)
    assert _planned(customer)[0][1] == edge.now(), "it is less than three days ahead"
    wake_days.announce(subscription_id, day, edge.now())
    assert _asked(customer) == 1, "a whole month may cost more than the credit"
    hibernation.wake_as(customer, "starter", edge.now())
    wake_days.announce(subscription_id, day, edge.now())
    assert _asked(customer) == 1, "credit will do"
    hibernation.wake_as(customer, "enterprise", edge.now())
    running.until(datetime(2027, 4, 2, 23, 5, tzinfo=UTC))

    wake_days.wake(subscription_id, day, edge.now())

    assert _asked(customer) == 2
    assert not _is_listed(customer)
    assert running.paid(customer, _waking(customer)) == "paid"


def test_on_its_day_the_stored_card_pays_what_credit_does_not(customer: Customer) -> None:
    day, subscription_id = date(2027, 4, 3), running.subscription_of(customer).id
    store_card(customer)
    _hibernate(customer, day)
    hibernation.wake_as(customer, "enterprise", edge.now())
    wake_days.announce(subscription_id, day, edge.now())
    running.until(datetime(2027, 4, 2, 23, 5, tzinfo=UTC))

    wake_days.wake(subscription_id, day, edge.now())
    wake_days.wake(subscription_id, day, edge.now())

    live = sessions.live_of_subscription(subscription_id)
    assert live is not None
    session = get_session(live.public_id)
    assert (session.provider, session.owed) == (ways.CARD, Money(round((600 - 50) * 28 / 30) - 350, GBP))
    assert (session.is_automatic, _is_listed(customer)) == (True, False)
    wake_days.ask(subscription_id, day, edge.now())
    assert (_asked(customer), _pending()[-1][1]) == (0, edge.now() + timedelta(hours=2)), "its card is being charged"
    sessions.cancel(session.public_id, edge.now())
    wake_days.ask(subscription_id, day, edge.now())
    assert _asked(customer) == 1
    assert running.pay(session) == "paid"
    assert _is_listed(customer)
    wake_days.ask(subscription_id, day, edge.now())
    assert _asked(customer) == 1


def test_while_another_payment_is_under_way_its_day_waits(customer: Customer) -> None:
    day, subscription_id = date(2027, 4, 11), running.subscription_of(customer).id
    _hibernate(customer, day)
    running.until(datetime(2027, 4, 10, 23, 5, tzinfo=UTC))
    session = shop.open_session(customer, checkout.quote_prepayment(customer, 1, shop.METHOD, edge.now()))
    db_session.execute(update(StagedJob).values(state="done"))
    wake_days.wake(subscription_id, day, edge.now())
    assert _pending() == [(hibernation.WAKE, edge.now() + timedelta(hours=2))]
    assert running.pay(session) == "prepaid"
    wake_days.wake(subscription_id, day, edge.now())
    assert _is_listed(customer)


def _pending() -> list[tuple[str, datetime]]:
    waiting = select(StagedJob).where(
        StagedJob.name.in_((hibernation.WAKE, wake_days.ASK)), StagedJob.state == "pending"
    )
    return [(job.name, job.due_at) for job in db_session.scalars(waiting.order_by(StagedJob.due_at))]


def test_asleep_and_owing_it_wakes_once_that_is_paid(customer: Customer) -> None:
    day, subscription = date(2027, 4, 3), running.subscription_of(customer)
    states.move(subscription, "past_due")
    _hibernate(customer, day)
    with pytest.raises(PayFirst):
        _waking(customer)
    clock.advance(hibernation.wakes_at(day, customer.time_zone) - edge.now())
    wake_days.wake(subscription.id, day, edge.now())
    assert _asked(customer) == 1
    hibernation.plan_waking(customer, None, edge.now())
    wake_days.wake(subscription.id, day, edge.now())
    wake_days.announce(subscription.id, day, edge.now())
    assert _asked(customer) == 1
    states.move(running.subscription_of(customer), "active")
