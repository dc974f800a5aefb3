"""An invoice that is not paid, from the first failure to its end, and everything that pays it in between."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.billing import (
    at_period_end,
    automatic,
    checkout,
    dunning,
    dunning_cases,
    dunning_rules,
    open_invoices,
    queries,
    suspension,
)
from portal.billing.apply_decline import apply_decline
from portal.billing.apply_payment import apply_payment
from portal.billing.dunning_cases import list_overdue
from portal.billing.errors import PayFirst
from portal.billing.models import DunningCase, Subscription
from portal.directory import visibility
from portal.insights import invariants
from portal.invoicing import credit_balance
from portal.invoicing.models import Customer, Invoice
from portal.kit import edge
from portal.kit.db import db as db_session
from portal.kit.outbox import DomainEvent
from portal.payments import charges
from portal.payments.models import PaymentSession
from portal.payments.providers.base import Answer, ChargeOutcome, Result
from portal.payments.queries import attempt_of
from tests.billing.test_open_invoices import customer as customer
from tests.billing.test_open_invoices import due_jobs, give_credit, invoice, opened, pay, until
from tests.support import shop
from tests.support.everything import store_card

__all__ = ["customer", "invoice"]
SOFT, HARD = ChargeOutcome.SOFT_DECLINE, ChargeOutcome.HARD_DECLINE
Saw = Callable[[str], None]


def case_of(invoice: Invoice) -> DunningCase:
    found = dunning_cases.find_locked(invoice.id)
    assert found is not None
    return found


def subscription_of(customer: Customer) -> Subscription:
    return db_session.scalars(
        select(Subscription).where(Subscription.customer_id == customer.id).execution_options(populate_existing=True)
    ).one()


def charged() -> list[PaymentSession]:
    query = select(PaymentSession).where(PaymentSession.is_automatic).order_by(PaymentSession.created_at)
    return list(db_session.scalars(query.execution_options(populate_existing=True)))


def decline(outcome: ChargeOutcome = SOFT, code: str = "insufficient_funds") -> None:
    """The bank refuses the newest automatic charge."""
    session = charged()[-1]
    charges.prepare_charge(attempt_of(session.id).id, edge.now())
    said = Answer("charge_stored", Result.DONE, 402, code, 1, outcome=outcome)
    assert [apply_decline(session, said, edge.now()) for _ in range(2)] == ["declined", "known"]


def step(invoice: Invoice) -> None:
    """Let the time of the next step come, and take it."""
    until(case_of(invoice).next_at)
    dunning.take_step(invoice.id, edge.now())


def told(name: str) -> list[dict[str, object]]:
    return [one.facts for one in db_session.scalars(select(DomainEvent).where(DomainEvent.name == name))]


def is_listed(customer: Customer) -> bool:
    found = visibility.find_entitlement(customer.business_id)
    assert found is not None
    return found.is_listed


def test_a_soft_decline_is_tried_again_on_its_days_and_then_hidden(customer: Customer, invoice: Invoice) -> None:
    store_card(customer)
    dunning.collect(invoice.id, edge.now())
    assert subscription_of(customer).status == "active"
    decline()
    started_at = case_of(invoice).started_at
    assert (subscription_of(customer).status, is_listed(customer)) == ("past_due", True)
    for number in range(1, 5):
        step(invoice)
        assert edge.now() >= dunning_rules.step_at(started_at, number, invoice.id)
        assert len(charged()) == number + 1
        decline()
        assert case_of(invoice).step == number
    assert (subscription_of(customer).status, is_listed(customer)) == ("suspended", False)
    assert len(told(dunning.OVERDUE)) == 4, "the first failure and three tries; the last one is told as what it brings"
    [hidden] = told(suspension.SUSPENDED)
    assert invoice.status == "open"
    assert hidden["amount"] == invoice.due.amount == round(300 * 14 / 31), "14 days of 31 were shown"


def test_d7_a_hard_decline_is_never_charged_again_and_its_clock_goes_on(
    customer: Customer, invoice: Invoice, saw: Saw
) -> None:
    store_card(customer)
    dunning.collect(invoice.id, edge.now())
    decline(HARD, "stolen_card")
    for _ in range(4):
        step(invoice)
    assert len(charged()) == 1
    assert subscription_of(customer).status == "suspended"
    assert len(told(suspension.SUSPENDED)) == 1
    saw("a stolen card: 1 charge, 4 notices in 14 days without another, suspended once")


def test_a_pushed_invoice_is_reminded_of_on_the_same_days(customer: Customer, invoice: Invoice) -> None:
    dunning.collect(invoice.id, edge.now())
    dunning.collect(invoice.id, edge.now())
    assert [facts["tried_on"] for facts in told(dunning.OVERDUE)] == [None], "there is no card to try"
    [line] = [{one.what for one in overdue.milestones} for overdue in list_overdue(subscription_of(customer))]
    assert line == {"failed", "reminded", "suspended", "ended"}
    for number in range(1, 4):
        step(invoice)
        assert (case_of(invoice).step, len(told(dunning.OVERDUE))) == (number, number + 1)
    store_card(customer)
    [line] = [[one.what for one in overdue.milestones] for overdue in list_overdue(subscription_of(customer))]
    assert line == ["failed", "asked", "asked", "asked", "retried", "suspended", "ended"], "what was done stays so"
    assert pay(opened(customer, invoice)) == "paid"
    assert (case_of(invoice).status, subscription_of(customer).status) == ("closed", "active")
    step_after = case_of(invoice).next_at
    until(step_after)
    dunning.take_step(invoice.id, edge.now())
    assert len(told(dunning.OVERDUE)) == 4


def test_d6_an_unknown_charge_makes_dunning_wait(customer: Customer, invoice: Invoice, saw: Saw) -> None:
    store_card(customer)
    dunning.collect(invoice.id, edge.now())
    decline()
    step(invoice)
    attempt = attempt_of(charged()[-1].id)
    charges.prepare_charge(attempt.id, edge.now())
    charges.record_charge(attempt.id, Answer("charge_stored", Result.UNKNOWN, None, "", 1), edge.now())
    for _ in range(20):
        step(invoice)
    assert (case_of(invoice).step, len(charged()), attempt.status) == (0, 2, "unknown")
    assert pay(charged()[-1]) == "paid_late"
    assert (case_of(invoice).status, subscription_of(customer).status) == ("closed", "active")
    saw("the fate of a charge unknown for hours: no step, no second charge; then paid, and active again")


def test_a_technical_failure_is_tried_again_within_minutes_and_counts_as_nothing(
    customer: Customer, invoice: Invoice
) -> None:
    store_card(customer)
    dunning.collect(invoice.id, edge.now())
    refused = Answer("charge_stored", Result.REFUSED, 401, "api_key_expired", 1)
    for number in range(2):
        attempt = attempt_of(charged()[-1].id)
        charges.prepare_charge(attempt.id, edge.now())
        charges.record_charge(attempt.id, refused, edge.now())
        until(edge.now() + timedelta(minutes=10))
        dunning.collect(invoice.id, edge.now())
        assert (len(charged()), dunning_cases.find_locked(invoice.id)) == (number + 2, None)
    assert pay(charged()[-1]) == "paid"
    assert subscription_of(customer).status == "active"


def test_a_new_card_is_tried_at_once_and_is_no_step(customer: Customer, invoice: Invoice) -> None:
    store_card(customer)
    dunning.collect(invoice.id, edge.now())
    decline(HARD, "expired_card")
    for number, (outcome, is_tried) in enumerate(((HARD, False), (SOFT, True)), start=2):
        dunning.try_new_card(customer.id, edge.now())
        assert (len(charged()), case_of(invoice).is_charged) == (number, True)
        decline(outcome)
        assert (case_of(invoice).step, case_of(invoice).is_charged) == (0, is_tried)
        newest = told(dunning.OVERDUE)[-1]
        assert (len(told(dunning.OVERDUE)), newest["reason"]) == (number, "declined"), "who chose it is told"
        assert bool(newest["tried_on"]) is is_tried
    dunning.try_new_card(customer.id, edge.now())
    assert pay(charged()[-1]) == "paid"
    assert subscription_of(customer).status == "active"


def test_a_new_card_is_tried_as_soon_as_a_code_that_was_open_has_ended(customer: Customer, invoice: Invoice) -> None:
    dunning.collect(invoice.id, edge.now())
    code = attempt_of(opened(customer, invoice).id)
    charges.prepare_charge(code.id, edge.now())
    shown = Answer("create_charge", Result.DONE, 200, "", 1, code_url="weixin://a")
    charges.record_charge(code.id, shown, edge.now())
    store_card(customer)
    dunning.try_new_card(customer.id, edge.now())
    assert (charged(), code.status) == ([], "closing")
    charges.record_close(code.id, Answer("close", Result.DONE, 204, "", 1), edge.now())
    [job] = due_jobs(automatic.CHARGE_INVOICE)[-1:]
    until(job.due_at)
    for _ in range(2):
        dunning.collect(invoice.id, edge.now())
        assert len(charged()) == 1, "once: what is to come is tried on its days"
    decline(HARD)
    dunning.collect(invoice.id, edge.now())
    assert (len(charged()), case_of(invoice).step) == (1, 0)


def test_after_too_many_charges_it_is_only_reminded_of(customer: Customer, invoice: Invoice) -> None:
    store_card(customer)
    dunning.collect(invoice.id, edge.now())
    for _ in range(automatic.MOST_CHARGES - 1):
        decline()
        dunning.try_new_card(customer.id, edge.now())
    decline()
    step(invoice)
    assert (len(charged()), case_of(invoice).step, case_of(invoice).is_charged) == (automatic.MOST_CHARGES, 1, False)


def test_credit_that_comes_pays_what_is_overdue(customer: Customer, invoice: Invoice) -> None:
    dunning.collect(invoice.id, edge.now())
    give_credit(customer, 300)
    open_invoices.use_all_credit(customer.id, edge.now())
    assert (case_of(invoice).status, subscription_of(customer).status) == ("closed", "active")


def test_what_adds_to_the_cost_waits_until_what_is_owed_is_paid(customer: Customer, invoice: Invoice) -> None:
    dunning.collect(invoice.id, edge.now())
    with pytest.raises(PayFirst):
        shop.make_quote(customer, "enterprise")
    assert checkout.start_payment(customer, shop.make_quote(customer, "starter"), shop.METHOD, edge.now()) is None
    assert (invoice.due.amount, credit_balance.of(customer.id, "GBP").amount) == (100, 0), "it reduces what is open"
    for _ in range(4):
        step(invoice)
    with pytest.raises(PayFirst):
        shop.make_quote(customer, "enterprise")


def test_what_was_suspended_pays_for_the_days_shown_and_stays_hidden(customer: Customer, invoice: Invoice) -> None:
    dunning.collect(invoice.id, edge.now())
    for _ in range(4):
        step(invoice)
    shop.renew_all()
    assert len(db_session.scalars(select(Invoice).where(Invoice.customer_id == customer.id)).all()) == 2
    assert pay(opened(customer, invoice)) == "paid"
    assert (case_of(invoice).status, subscription_of(customer).status) == ("suspended", "suspended")
    assert invariants.violations() == []
    step(invoice)
    assert edge.now() == dunning_rules.ends_at(case_of(invoice).started_at)
    assert (invoice.status, case_of(invoice).status, queries.find_live(customer.id)) == ("paid", "closed", None)
    session = shop.open_session(customer, shop.make_quote(customer))
    assert apply_payment(session, shop.evidence_for(session), edge.now()) == "paid"
    assert is_listed(customer)


def test_without_a_card_a_payers_code_is_left_alone_on_the_day(customer: Customer, invoice: Invoice) -> None:
    code = opened(customer, invoice)
    dunning.collect(invoice.id, edge.now())
    assert (code.status, dunning_cases.find_locked(invoice.id)) == ("created", None)
    assert max(job.due_at for job in due_jobs(automatic.CHARGE_INVOICE)) > code.expires_at
    assert pay(code) == "paid"


def test_a_card_stored_while_something_is_overdue_is_tried_at_once(customer: Customer, invoice: Invoice) -> None:
    store_card(customer)
    another = store_card(customer)
    dunning.take_up_card(customer.id, another.public_id, edge.now())
    assert not another.is_default, "nothing is overdue"
    dunning.collect(invoice.id, edge.now())
    decline(HARD, "expired_card")
    dunning.take_up_card(customer.id, another.public_id, edge.now())
    assert (another.is_default, [session.method_id for session in charged()][1:]) == (True, [another.id])


def test_after_sixty_days_it_ends_and_what_is_owed_is_given_up(customer: Customer, invoice: Invoice) -> None:
    dunning.collect(invoice.id, edge.now())
    started_at = case_of(invoice).started_at
    for _ in range(5):
        step(invoice)
    assert edge.now() == dunning_rules.ends_at(started_at)
    assert (invoice.status, subscription_of(customer).status) == ("uncollectible", "cancelled")
    assert (case_of(invoice).status, due_jobs(dunning_cases.TAKE_STEP)[0].due_at <= edge.now()) == ("closed", True)
    dunning.take_step(invoice.id, edge.now())


def test_what_is_suspended_can_be_ended_at_once_and_is_still_owed(customer: Customer, invoice: Invoice) -> None:
    dunning.collect(invoice.id, edge.now())
    for _ in range(4):
        step(invoice)
    assert at_period_end.cancel(customer, edge.now()).status == "cancelled"
    assert (invoice.status, case_of(invoice).status) == ("open", "suspended")
    step(invoice)
    assert (invoice.status, case_of(invoice).status) == ("uncollectible", "closed")
