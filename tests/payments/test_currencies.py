"""A plan can be paid from every currency a customer is billed in, whatever its minor units, and the books hold."""

import pytest

from portal.billing.apply_payment import apply_payment
from portal.insights import invariants
from portal.kit import edge
from portal.kit.money import EXPONENTS, Money
from portal.ledger import balances
from portal.ledger.chart import RECEIVABLE, Account, clearing
from tests.support import shop

DUE = {"GBP": 300, "EUR": 375, "USD": 412, "CNY": 2700, "HKD": 3225, "JPY": 600}
"""Three pounds at the rates of `tests/support/world.py`; $4.125 goes to the even cent."""


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize("currency", sorted(EXPONENTS))
def test_paid_from(currency: str) -> None:
    customer = shop.make_customer(shop.make_business(shop.make_owner(), currency=currency))
    session = shop.open_session(customer, shop.make_quote(customer))
    assert session.owed == Money(DUE[currency], currency)
    assert session.asked.currency == "CNY"
    assert (session.rate is None) == (currency == "CNY")
    assert apply_payment(session, shop.evidence_for(session), edge.now()) == "paid"
    assert balances.balance(clearing("wechat_pay"), "CNY") == session.asked
    assert balances.balance(Account(RECEIVABLE), currency) == Money.zero(currency)
    assert invariants.violations() == []
