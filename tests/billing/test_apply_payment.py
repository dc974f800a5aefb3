"""Every outcome of money that came (product.md, Sessions and stray money), each leaving the books sound."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.billing import checkout, queries
from portal.billing.apply_payment import apply_payment
from portal.billing.errors import ChangeInProgress
from portal.directory import branches, businesses, visibility
from portal.directory.models import Branch, Business
from portal.identity.models import AuditEntry
from portal.insights import invariants
from portal.invoicing import credit_balance
from portal.invoicing.models import Customer
from portal.kit import edge
from portal.kit.db import db as db_session
from portal.kit.money import Money
from portal.ledger import balances
from portal.ledger.chart import HELD, SUSPENSE, Account, clearing
from portal.payments import sessions
from portal.payments.queries import attempt_of, refunds_of
from portal.payments.transactions import of_session
from tests.support import shop

GBP = "GBP"


@pytest.fixture
def customer(db: None) -> Iterator[Customer]:
    business = shop.make_business(shop.make_owner())
    shop.make_branch(business, "Second")
    shop.make_branch(business, "Third")
    yield shop.make_customer(business)
    assert invariants.violations() == []


def pay(session, **changes):
    return apply_payment(session, shop.evidence_for(session, **changes), edge.now())


def test_a_payment_in_time_starts_the_plan(customer: Customer) -> None:
    session = shop.open_session(customer, shop.make_quote(customer))
    assert (session.owed, session.asked) == (Money(500, GBP), Money(4500, "CNY"))

    assert pay(session) == "paid"

    subscription = queries.find_live(customer.id)
    assert subscription is not None
    assert subscription.status == "active"
    entitlement = visibility.find_entitlement(customer.business_id)
    assert entitlement is not None
    assert entitlement.is_listed
    assert entitlement.product_limit == 100
    assert of_session(session.id).status == "completed"
    assert balances.balance(clearing("wechat_pay"), "CNY") == Money(4500, "CNY")


def test_told_twice_it_counts_once(customer: Customer) -> None:
    session = shop.open_session(customer, shop.make_quote(customer))
    assert [pay(session), pay(session)] == ["paid", "duplicate"]
    assert balances.balance(clearing("wechat_pay"), "CNY") == Money(4500, "CNY")


@pytest.mark.parametrize("change", [{"amount": 4501}, {"amount": 4499}, {"currency": "JPY"}])
def test_b11_b12_another_amount_or_currency_completes_nothing(customer: Customer, change: dict[str, object]) -> None:
    session = shop.open_session(customer, shop.make_quote(customer))
    assert pay(session, **change) == "review"
    assert session.status == "review"
    currency = str(change.get("currency", "CNY"))
    assert balances.balance(Account(SUSPENSE), currency) == -Money(int(str(change.get("amount", 4500))), currency)
    assert queries.find_live(customer.id).status == "incomplete"


def test_c1_paid_before_expiry_and_told_after_is_in_time(customer: Customer) -> None:
    session = shop.open_session(customer, shop.make_quote(customer))
    sessions.end(session, attempt_of(session.id), "expired", session.expires_at)
    assert pay(session, paid_at=session.expires_at - timedelta(seconds=1)) == "paid"
    assert session.paid_late_at is None


def test_c2_paid_after_expiry_still_pays_what_stands(customer: Customer) -> None:
    session = shop.open_session(customer, shop.make_quote(customer))
    sessions.end(session, attempt_of(session.id), "expired", session.expires_at)
    late = session.expires_at + timedelta(seconds=1)
    assert pay(session, paid_at=late) == "paid_late"
    assert session.paid_late_at == late


def test_late_money_for_an_older_choice_becomes_credit_and_pays_first(customer: Customer) -> None:
    session = shop.open_session(customer, shop.make_quote(customer, "starter"))
    sessions.cancel(session.public_id, edge.now())
    quote = shop.make_quote(customer, "pro")

    assert pay(session) == "credited"
    assert credit_balance.of(customer.id, GBP) == Money(300, GBP)

    fresh = shop.make_quote(customer, "pro")
    assert (quote.due, fresh.credit, fresh.due) == (Money(500, GBP), Money(300, GBP), Money(200, GBP))
    assert pay(shop.open_session(customer, fresh)) == "paid"
    assert credit_balance.of(customer.id, GBP) == Money(0, GBP)


def test_credit_alone_starts_the_plan_without_a_session(customer: Customer) -> None:
    session = shop.open_session(customer, shop.make_quote(customer, "enterprise"))
    sessions.cancel(session.public_id, edge.now())
    shop.make_quote(customer, "pro")
    assert pay(session) == "credited"

    quote = shop.make_quote(customer, "pro")
    assert checkout.start_payment(customer, quote, shop.METHOD, edge.now()) is None
    assert queries.find_live(customer.id).status == "active"
    assert credit_balance.of(customer.id, GBP) == Money(200, GBP)


def test_c5_paid_twice_is_held_and_its_refund_requested(customer: Customer) -> None:
    first = shop.open_session(customer, shop.make_quote(customer))
    sessions.end(first, attempt_of(first.id), "expired", edge.now())
    second = shop.open_session(customer, shop.make_quote(customer))
    assert first.invoice_id == second.invoice_id

    assert pay(first, paid_at=first.expires_at + timedelta(minutes=1)) == "paid_late"
    assert second.status == "cancelled"
    assert pay(second) == "held"

    refund = refunds_of(second.id)[0]
    assert (refund.amount, refund.currency, refund.reason, refund.status) == (4500, "CNY", "paid_twice", "requested")
    assert balances.balance(Account(HELD), "CNY") == Money(-4500, "CNY")


def test_one_provider_transaction_never_pays_two_sessions(customer: Customer) -> None:
    first = shop.open_session(customer, shop.make_quote(customer))
    assert pay(first) == "paid"
    other = shop.make_customer(shop.make_business(shop.make_owner("bob@shop.example"), "Other"))
    second = shop.open_session(other, shop.make_quote(other))
    taken = shop.evidence_for(first).transaction_id
    assert pay(second, transaction_id=taken) == "taken"
    assert second.status == "created"


def extra_branches(customer: Customer) -> list[Branch]:
    return [branch for branch in branches.list_live(customer.business_id) if not branch.is_main]


def test_late_money_for_a_branch_that_is_gone_becomes_credit(customer: Customer) -> None:
    session = shop.open_session(customer, shop.make_quote(customer))
    sessions.cancel(session.public_id, edge.now())
    branches.remove(extra_branches(customer)[0], edge.now())
    assert pay(session) == "credited"
    assert all(branch.shown_since is None for branch in extra_branches(customer))


def test_late_money_for_a_branch_that_became_the_main_one_becomes_credit(customer: Customer) -> None:
    session = shop.open_session(customer, shop.make_quote(customer))
    sessions.cancel(session.public_id, edge.now())
    branches.make_main(extra_branches(customer)[0])
    assert pay(session) == "credited"


def test_a_branch_added_while_paying_does_not_stand_in_the_way(customer: Customer) -> None:
    session = shop.open_session(customer, shop.make_quote(customer))
    shop.make_branch(customer_business(customer), "Fourth")
    assert pay(session) == "paid"
    assert [branch.shown_since is not None for branch in extra_branches(customer)] == [True, True, False]


def test_another_quote_than_the_one_being_paid_is_refused(customer: Customer) -> None:
    session = shop.open_session(customer, shop.make_quote(customer))
    shop.make_branch(customer_business(customer), "Fourth")
    dearer = shop.make_quote(customer)
    with pytest.raises(ChangeInProgress):
        checkout.start_payment(customer, dearer, shop.METHOD, edge.now())
    assert session.status == "created"


def customer_business(customer: Customer) -> Business:
    return businesses.get(customer.business_id)


def test_money_in_review_ends_its_transaction(customer: Customer) -> None:
    session = shop.open_session(customer, shop.make_quote(customer))
    assert pay(session, amount=1) == "review"
    assert (of_session(session.id).status, of_session(session.id).error_message) == ("failed", "mismatch")


def test_every_movement_of_money_is_in_the_audit_log(customer: Customer) -> None:
    session = shop.open_session(customer, shop.make_quote(customer))
    pay(session)
    entry = db_session.scalars(select(AuditEntry).where(AuditEntry.subject == session.public_id)).one()
    assert (entry.actor, entry.action, entry.facts["settled_amount"]) == ("system", "payment.paid", 4500)
