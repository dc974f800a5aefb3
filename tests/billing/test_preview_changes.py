"""The preview of what changes by itself: wake days, open batches and graces, to the penny what then happens."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from portal.billing import (
    batch_settling,
    branch_batches,
    checkout,
    due,
    hibernation,
    open_invoices,
    product_limits,
    quotes,
    wake_days,
    ways,
)
from portal.billing.at_period_end import TURN, cancel, choose_tier
from portal.billing.events import RECONCILE_PRODUCT_LIMITS
from portal.billing.preview import Preview
from portal.billing.rolling import Charge
from portal.currency import rates
from portal.directory import branches
from portal.insights import invariants
from portal.invoicing.models import Customer, Invoice
from portal.invoicing.queries import lines_of
from portal.kit import clock, edge
from portal.kit.db import db as db_session
from portal.kit.jobs import StagedJob
from portal.kit.outbox import DomainEvent
from portal.payments.models import PaymentSession
from portal.payments.queries import get_session
from portal.payments.states import LIVE_SESSION
from tests.directory.shops import make_product
from tests.support import running, shop
from tests.support.everything import store_card
from tests.support.rows import changed, digests
from tests.support.world import PER_EURO
from worker.jobs.billing import HANDLERS
from worker.runner import Plain

pytestmark = pytest.mark.usefixtures("db")
AHEAD = timedelta(days=70)
LIVED = (TURN, branch_batches.SETTLE, hibernation.WAKE, RECONCILE_PRODUCT_LIMITS)
"""The jobs by which an agreement changes by itself."""
ASKED = {batch_settling.WAITS: checkout.quote_batch, wake_days.WAITS: checkout.quote_waking}
"""The events that ask for a payment, and the quote that it leads to."""
Told = tuple[str, str, list[str], int, int, int, list[tuple[str, int, int]]]


def told(charge: Charge) -> Told:
    assert charge.total is not None
    assert charge.credit is not None
    assert charge.along is not None
    lines = [(line["code"], line["quantity"], line["amount"]) for line in charge.lines]
    span = [str(charge.period.starts_on), str(charge.period.ends_on)]
    return charge.kind, str(charge.due_on), span, charge.total.amount, charge.credit.amount, charge.along.amount, lines


def happened(since: datetime) -> list[Told]:
    """What was invoiced since, with the credit that paid it at once and what was collected along with it."""
    issued = select(Invoice).where(Invoice.number.is_not(None), Invoice.issued_at > since).order_by(Invoice.number)
    found = []
    for invoice in db_session.scalars(issued):
        lines = [(line.code, line.quantity, line.amount) for line in lines_of(invoice.id)]
        span = [str(invoice.period_starts_on), str(invoice.period_ends_on)]
        due_on = str(invoice.due_on or invoice.issued_on)
        credit = invoice.credit_amount - invoice.carried_amount
        found.append((invoice.kind, due_on, span, invoice.total_amount, credit, _along(invoice), lines))
    return found


def _along(invoice: Invoice) -> int:
    paid = (PaymentSession.invoice_id == invoice.id, PaymentSession.status == "paid")
    return int(db_session.scalar(select(func.coalesce(func.sum(PaymentSession.arrears_amount), 0)).where(*paid)) or 0)


def foreseen() -> list[Charge]:
    preview = Preview(edge.now(), edge.now() + AHEAD)
    return [charge for chunk in iter(preview.following, None) for charge in chunk]


def live(customer: Customer) -> None:
    """Let these days pass, in which whatever is asked for is paid at once."""
    end, answered = edge.now() + AHEAD, set[UUID]()
    while (earliest := min(filter(None, (due.earliest(), _next_job())), default=None)) and earliest <= end:
        clock.advance(max(earliest - edge.now(), timedelta()))
        rates.store({earliest.date(): PER_EURO}, "test", edge.now())
        _work()
        shop.renew_all()
        _pay_all(customer, answered)
    clock.advance(end - edge.now())


def _next_job() -> datetime | None:
    waiting = select(StagedJob.due_at).where(StagedJob.name.in_(LIVED), StagedJob.state == "pending")
    return db_session.scalars(waiting.order_by(StagedJob.due_at).limit(1)).first()


def _work() -> None:
    of = StagedJob.name.in_(LIVED), StagedJob.state == "pending", StagedJob.due_at <= edge.now()
    for job in db_session.scalars(select(StagedJob).where(*of).order_by(StagedJob.due_at)).all():
        job.state = "done"
        db_session.flush()
        handler = HANDLERS[job.name]
        assert isinstance(handler, Plain)
        handler.work(job.args, edge.now())


def _pay_all(customer: Customer, answered: set[UUID]) -> None:
    """Pay what waits for a card, and what was asked for by a notice or an invoice."""
    for event in db_session.scalars(select(DomainEvent).where(DomainEvent.name.in_(ASKED))).all():
        if event.id not in answered:
            answered.add(event.id)
            quote = ASKED[event.name](customer, shop.METHOD, edge.now())
            checkout.start_payment(customer, quote, shop.METHOD, edge.now())
    for invoice in db_session.scalars(select(Invoice).where(Invoice.status == "open")).all():
        open_invoices.start_payment(customer, invoice, shop.METHOD, edge.now())
    live_ones = select(PaymentSession.public_id).where(PaymentSession.status.in_(LIVE_SESSION))
    for public_id in db_session.scalars(live_ones).all():
        assert running.pay(get_session(public_id)) == "paid"


def _hibernate(customer: Customer, wakes_on: date) -> None:
    quote = checkout.quote_hibernation(customer, wakes_on, shop.METHOD, edge.now())
    assert checkout.start_payment(customer, quote, shop.METHOD, edge.now()) is None


def _open_batch(customer: Customer) -> None:
    """Two branches are added, and one that is paid for is to go."""
    business = running.business_of(customer)
    for name in ("Harbour", "Station"):
        branch_batches.add(customer, business.id, edge.now(), may_spend=True, **shop.place(name))
    further = next(branch for branch in branches.list_live(business.id) if branch.name == "Further 0")
    branch_batches.remove(customer, further, edge.now())


def _fill(customer: Customer, count: int) -> None:
    business = running.business_of(customer)
    for number in range(count):
        make_product(business, f"Cake {number}", edge.now())
    product_limits.reconcile(business.id, edge.now())


def wakes_by_credit(customer: Customer) -> None:
    _hibernate(customer, date(2027, 4, 20))


def wakes_by_card(customer: Customer) -> None:
    store_card(customer)
    _hibernate(customer, date(2027, 6, 10))
    hibernation.wake_as(customer, "enterprise", edge.now())


def wakes_by_link_with_more_branches(customer: Customer) -> None:
    _hibernate(customer, date(2027, 5, 17))
    shop.make_branch(running.business_of(customer), "While asleep")


def wakes_when_the_next_month_is_invoiced(customer: Customer) -> None:
    running.until(datetime(2027, 4, 25, 9, tzinfo=UTC))
    _hibernate(customer, date(2027, 6, 29))


def wakes_on_the_first_day_of_a_month(customer: Customer) -> None:
    _hibernate(customer, date(2027, 6, 1))


def a_batch_by_card(customer: Customer) -> None:
    store_card(customer)
    _open_batch(customer)


def a_batch_too_small_for_a_card(customer: Customer) -> None:
    store_card(customer)
    running.until(datetime(2027, 4, 26, 9, tzinfo=UTC))
    business = running.business_of(customer)
    branch_batches.add(customer, business.id, edge.now(), may_spend=True, **shop.place("Harbour"))
    assert foreseen()[0].paid_by == "carried"


def a_batch_that_brings_along_what_was_carried(customer: Customer) -> None:
    a_batch_too_small_for_a_card(customer)
    quote = checkout.quote_batch(customer, shop.METHOD, edge.now())
    assert checkout.start_payment(customer, quote, ways.CARD, edge.now()) is None
    for name in ("Market", "Quay"):
        branch_batches.add(customer, running.business_of(customer).id, edge.now(), may_spend=True, **shop.place(name))
    charge = foreseen()[0]
    assert (charge.paid_by, charge.along) == ("stored_card", quote.total)


def a_batch_that_is_settled_before_midnight(customer: Customer) -> None:
    """What is planned for midnight finds nothing to settle then."""
    store_card(customer)
    _open_batch(customer)
    quote = checkout.quote_batch(customer, shop.METHOD, edge.now())
    assert running.paid(customer, quote) == "paid"


def a_batch_by_link(customer: Customer) -> None:
    running.until(datetime(2027, 4, 12, 9, tzinfo=UTC))
    _open_batch(customer)


def a_batch_between_two_months(customer: Customer) -> None:
    store_card(customer)
    running.until(datetime(2027, 4, 30, 9, tzinfo=UTC))
    _open_batch(customer)


def a_batch_when_the_next_month_is_invoiced(customer: Customer) -> None:
    running.until(datetime(2027, 4, 29, 9, tzinfo=UTC))
    _pay_all(customer, set())
    _open_batch(customer)


def a_grace_that_a_card_ends(customer: Customer) -> None:
    store_card(customer)
    running.until(datetime(2027, 4, 27, 9, tzinfo=UTC))
    _fill(customer, 101)


def a_grace_that_nobody_pays(customer: Customer) -> None:
    _fill(customer, 101)


def a_grace_that_rests_until_it_wakes(customer: Customer) -> None:
    store_card(customer)
    _fill(customer, 101)
    running.until(datetime(2027, 4, 3, 9, tzinfo=UTC))
    _hibernate(customer, date(2027, 5, 20))
    product_limits.reconcile(running.business_of(customer).id, edge.now())


def a_smaller_tier_and_a_batch(customer: Customer) -> None:
    store_card(customer)
    choose_tier(customer, "starter", edge.now())
    _open_batch(customer)


def the_end_of_the_plan_and_a_batch(customer: Customer) -> None:
    store_card(customer)
    cancel(customer, edge.now())
    _open_batch(customer)


@pytest.mark.parametrize(
    ("comes_to", "kinds"),
    [
        (wakes_by_credit, {"waking"}),
        (wakes_by_card, {"waking"}),
        (wakes_by_link_with_more_branches, {"waking"}),
        (wakes_when_the_next_month_is_invoiced, {"waking", "renewal_change"}),
        (wakes_on_the_first_day_of_a_month, {"waking"}),
        (a_batch_by_card, {"branch_batch"}),
        (a_batch_too_small_for_a_card, {"branch_batch"}),
        (a_batch_that_brings_along_what_was_carried, {"branch_batch"}),
        (a_batch_that_is_settled_before_midnight, set()),
        (a_batch_by_link, {"branch_batch"}),
        (a_batch_between_two_months, {"branch_batch"}),
        (a_batch_when_the_next_month_is_invoiced, {"branch_batch", "renewal_change"}),
        (a_grace_that_a_card_ends, {"subscription_change"}),
        (a_grace_that_nobody_pays, set()),
        (a_grace_that_rests_until_it_wakes, {"waking", "subscription_change"}),
        (a_smaller_tier_and_a_batch, {"branch_batch"}),
        (the_end_of_the_plan_and_a_batch, {"branch_batch"}),
    ],
)
def test_what_is_foreseen_is_what_then_happens(comes_to: Callable[[Customer], None], kinds: set[str]) -> None:
    customer = running.started("pro", branches=1)
    comes_to(customer)
    began, ahead = edge.now(), [told(charge) for charge in foreseen()]
    live(customer)
    assert sorted(ahead) == sorted(happened(began))
    assert {kind for kind, *_ in ahead} - {"subscription_renewal"} == kinds
    assert invariants.violations() == []


def test_looking_ahead_leaves_nothing_behind() -> None:
    customer = running.started("pro", branches=1)
    a_batch_by_card(customer)
    edge.write(db_session.flush)
    before = digests()
    assert next(iter(foreseen())).kind == quotes.BATCH
    assert changed(before) == set()
