"""Credit that is not there is a refusal; whatever else the books refuse is a fault and stays one."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy.exc import IntegrityError

from portal.invoicing import credit_balance
from portal.invoicing.errors import CreditSpent
from portal.invoicing.models import Customer, Invoice
from portal.kit import edge
from portal.kit.money import Money
from portal.ledger import recipes
from tests.support import shop


@pytest.fixture
def customer(db: None) -> Customer:
    """A customer to whom we owe five pounds."""
    customer = shop.make_customer(shop.make_business(shop.make_owner()))
    owed = Money(500, "GBP")
    recipes.payment_credited(uuid4(), shop.METHOD, owed, customer.id, owed, edge.now())
    return customer


def settle(customer: Customer, invoice: Invoice, amount: int) -> None:
    credit_balance.settle(invoice, Money(amount, "GBP"), edge.now())


def test_more_than_there_is_is_refused_as_spent(customer: Customer) -> None:
    with pytest.raises(CreditSpent):
        settle(customer, Invoice(id=uuid4(), customer_id=customer.id), 501)
    assert credit_balance.of(customer.id, "GBP").amount == 500


def test_another_violation_is_not_taken_for_credit_that_was_spent(customer: Customer) -> None:
    timeless: Any = None
    with pytest.raises(IntegrityError, match="occurred_at"):
        credit_balance.settle(Invoice(id=uuid4(), customer_id=customer.id), Money(100, "GBP"), timeless)
    assert credit_balance.of(customer.id, "GBP").amount == 500
