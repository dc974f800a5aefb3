"""Invoices that were issued before they are paid: credit first, the oldest first, then a code or a card, once each."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.billing import automatic, open_invoices, queries, renewals, ways
from portal.billing.apply_payment import apply_payment
from portal.billing.errors import ChangeInProgress, NothingOwed
from portal.currency import rates
from portal.insights import invariants
from portal.invoicing import credit_balance, credit_notes, invoices
from portal.invoicing.invoices import Line
from portal.invoicing.models import Customer, Invoice
from portal.kit import clock, config, edge
from portal.kit.db import db as db_session
from portal.kit.errors import NotFound
from portal.kit.jobs import StagedJob
from portal.kit.money import Money
from portal.payments import charges, sessions
from portal.payments.errors import AttemptUnresolved, MethodNotStored
from portal.payments.models import MembershipTransaction, PaymentSession
from portal.payments.providers.base import Answer, Result
from portal.payments.queries import attempt_of, get_session, refunds_of
from tests.support import shop
from tests.support.everything import store_card
from tests.support.world import PER_EURO

START = datetime(2027, 1, 31, 12, tzinfo=UTC)
DUE = datetime(2027, 2, 28, tzinfo=UTC)


def until(instant: datetime) -> None:
    clock.advance(instant - edge.now())
    rates.store({instant.date(): PER_EURO}, "test", edge.now())


@pytest.fixture
def customer(db: None) -> Iterator[Customer]:
    """A shop whose second month has been invoiced and not paid."""
    until(START)
    found = shop.make_customer(shop.make_business(shop.make_owner()))
    session = shop.open_session(found, shop.make_quote(found))
    assert apply_payment(session, shop.evidence_for(session), edge.now()) == "paid"
    until(DUE)
    shop.renew_all()
    yield found
    assert invariants.violations() == []


@pytest.fixture
def invoice(customer: Customer) -> Invoice:
    return newest(customer)


def newest(customer: Customer) -> Invoice:
    query = select(Invoice).where(Invoice.customer_id == customer.id, Invoice.kind == renewals.KIND)
    return invoices.lock(db_session.scalars(query.order_by(Invoice.issued_at.desc())).first().id)  # type: ignore[union-attr]


def opened(customer: Customer, invoice: Invoice, method: str = ways.WALLET) -> PaymentSession:
    session = open_invoices.start_payment(customer, invoice, method, edge.now())
    assert session is not None
    return get_session(session.public_id)


def pay(session: PaymentSession) -> str:
    said = shop.evidence_for(session, provider=session.provider)
    return apply_payment(session, said, edge.now())


def give_credit(customer: Customer, amount: int) -> None:
    """Out of goodwill for the first month."""
    query = select(Invoice.id).where(Invoice.customer_id == customer.id).order_by(Invoice.created_at)
    shop.give_credit(db_session.scalars(query).first(), amount)  # type: ignore[arg-type]


def credit_of(customer: Customer) -> int:
    return credit_balance.of(customer.id, "GBP").amount


def due_jobs(name: str) -> list[StagedJob]:
    return list(db_session.scalars(select(StagedJob).where(StagedJob.name == name, StagedJob.state == "pending")))


def test_it_is_paid_by_code_at_todays_rate(customer: Customer, invoice: Invoice) -> None:
    session = opened(customer, invoice)
    assert (session.owed, session.asked) == (Money(300, "GBP"), Money(2700, "CNY"))
    assert (session.method_id, session.rate is not None, session.is_automatic) == (None, True, False)
    assert pay(session) == "paid"
    assert (invoice.status, invoice.paid_amount, invoice.due.amount) == ("paid", 300, 0)
    assert pay(session) == "duplicate"
    with pytest.raises(NothingOwed):
        open_invoices.start_payment(customer, invoice, ways.WALLET, edge.now())


def test_it_is_paid_by_card_and_a_way_that_is_none_is_refused(customer: Customer, invoice: Invoice) -> None:
    with pytest.raises(MethodNotStored):
        open_invoices.start_payment(customer, invoice, ways.CARD, edge.now())
    with pytest.raises(NotFound):
        open_invoices.start_payment(customer, invoice, "barter", edge.now())
    card = store_card(customer)
    code = opened(customer, invoice)
    session = opened(customer, invoice, ways.CARD)
    assert (code.status, session.method_id, session.asked) == ("cancelled", card.id, Money(300, "GBP"))
    assert opened(customer, invoice, ways.CARD).id == session.id
    charges.prepare_charge(attempt_of(session.id).id, edge.now())
    with pytest.raises(AttemptUnresolved):
        opened(customer, invoice)
    assert pay(session) == "paid"
    assert pay(code) == "held", "two paid: the second is held for its payer"
    assert refunds_of(code.id)[0].reason == "paid_twice"


def test_credit_pays_first_and_the_rest_is_asked_for(customer: Customer, invoice: Invoice) -> None:
    give_credit(customer, 120)
    session = opened(customer, invoice)
    assert (session.owed.amount, credit_of(customer), invoice.credit_amount) == (180, 0, 120)
    assert pay(session) == "paid"
    assert (invoice.credit_amount, invoice.paid_amount) == (120, 180)


def test_credit_that_comes_pays_at_once_the_oldest_first_and_again(customer: Customer, invoice: Invoice) -> None:
    until(DUE + timedelta(days=31))
    shop.renew_all()
    later = newest(customer)
    assert later.id != invoice.id
    give_credit(customer, 100)
    open_invoices.use_all_credit(customer.id, edge.now())
    assert (invoice.due.amount, later.due.amount, credit_of(customer)) == (200, 300, 0)
    give_credit(customer, 200)
    open_invoices.use_all_credit(customer.id, edge.now())
    assert (invoice.status, later.due.amount, credit_of(customer)) == ("paid", 300, 0)
    told = db_session.scalars(select(MembershipTransaction).where(MembershipTransaction.invoice_id == invoice.id)).all()
    assert sorted(one.facts["disposition"] for one in told) == ["applied", "part"]


def test_credit_waits_while_a_session_lives(customer: Customer, invoice: Invoice) -> None:
    session = opened(customer, invoice)
    give_credit(customer, 100)
    open_invoices.use_all_credit(customer.id, edge.now())
    assert (invoice.due.amount, credit_of(customer)) == (300, 100)
    [waiting] = due_jobs(open_invoices.USE_CREDIT)
    assert waiting.due_at > session.expires_at
    assert pay(session) == "paid"
    assert credit_of(customer) == 100


def test_money_for_what_a_credit_note_settled_becomes_credit_and_for_less_than_it_asked_pays_the_rest(
    customer: Customer, invoice: Invoice
) -> None:
    session = opened(customer, invoice)
    sessions.cancel(session.public_id, edge.now())
    credit_notes.issue(invoice, [_line(100)], "goodwill", config.current().seller, edge.now())
    assert pay(session) == "credited"
    assert len(due_jobs(open_invoices.USE_CREDIT)) == 1
    open_invoices.use_all_credit(customer.id, edge.now())
    assert (invoice.status, credit_of(customer)) == ("paid", 100)

    until(DUE + timedelta(days=31))
    shop.renew_all()
    later = newest(customer)
    assert (later.credit_amount, later.due.amount) == (100, 200)
    session = opened(customer, later)
    sessions.cancel(session.public_id, edge.now())
    credit_notes.issue(later, [_line(200)], "goodwill", config.current().seller, edge.now())
    assert (later.status, later.paid_amount) == ("paid", 0)
    assert pay(session) == "credited"


def _line(amount: int) -> Line:
    return Line("pro", 1, Money(amount, "GBP"), Money(amount, "GBP"), {})


def test_another_payment_under_way_is_not_disturbed(customer: Customer, invoice: Invoice) -> None:
    subscription = queries.find_live(customer.id)
    assert subscription is not None
    upgrade = shop.open_session(customer, shop.make_quote(customer, "enterprise"))
    with pytest.raises(ChangeInProgress):
        open_invoices.start_payment(customer, invoice, ways.WALLET, edge.now())
    assert upgrade.status == "created"


def test_d3_an_automatic_charge_looks_last_for_other_payments(customer: Customer, invoice: Invoice, saw) -> None:
    store_card(customer)
    code = opened(customer, invoice)
    charges.prepare_charge(attempt_of(code.id).id, edge.now())
    assert automatic.charge_invoice(invoice.id, edge.now()) == "busy", "nobody knows whether its code is out"
    charges.record_charge(attempt_of(code.id).id, _said(code_url="weixin://a"), edge.now())
    assert automatic.charge_invoice(invoice.id, edge.now()) == "busy", "it is closed at its provider first"
    assert (code.status, attempt_of(code.id).status) == ("cancelled", "closing")
    assert automatic.charge_invoice(invoice.id, edge.now()) == "busy"
    charges.record_close(attempt_of(code.id).id, _said(), edge.now())
    assert automatic.charge_invoice(invoice.id, edge.now()) == "charging"
    assert automatic.charge_invoice(invoice.id, edge.now()) == "busy", "one charge at a time"
    charged = db_session.scalars(select(PaymentSession).where(PaymentSession.is_automatic)).one()
    assert pay(charged) == "paid"
    assert automatic.charge_invoice(invoice.id, edge.now()) == "settled"
    assert pay(code) == "held"
    saw("a code beside an automatic charge: closed first, postponed while unclear, then one charge; late money held")


def _said(**more: object) -> Answer:
    return Answer("test", Result.DONE, 200, "", 1, **more)  # type: ignore[arg-type]


def test_credit_alone_settles_before_a_card_is_charged(customer: Customer, invoice: Invoice) -> None:
    assert automatic.charge_invoice(invoice.id, edge.now()) == "no_card"
    store_card(customer)
    give_credit(customer, 300)
    assert automatic.charge_invoice(invoice.id, edge.now()) == "settled"
    assert db_session.scalars(select(PaymentSession).where(PaymentSession.is_automatic)).all() == []


def test_d8_a_fault_that_would_charge_without_end_is_parked(customer: Customer, invoice: Invoice, saw) -> None:
    store_card(customer)
    outcomes = []
    for _ in range(100):
        outcomes.append(automatic.charge_invoice(invoice.id, edge.now()))
        for session in db_session.scalars(select(PaymentSession).where(PaymentSession.status == "created")).all():
            attempt = attempt_of(session.id)
            charges.prepare_charge(attempt.id, edge.now())
            charges.decline(session, attempt, "generic_decline", edge.now())
    assert outcomes == ["charging"] * automatic.MOST_CHARGES + ["parked"] * (100 - automatic.MOST_CHARGES)
    saw(f"100 automatic charges asked for in a loop: {automatic.MOST_CHARGES} made, then parked with an alarm")
