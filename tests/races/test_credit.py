"""The customer's credit, spent by many at once: what there is and not a penny more."""

from collections.abc import Callable
from uuid import UUID, uuid4

import pytest

from portal.insights import invariants
from portal.invoicing import credit_balance
from portal.invoicing.models import Invoice
from portal.kit import edge
from portal.kit.money import Money
from portal.ledger import recipes
from tests.support import proving, shop
from tests.support.races import Race, dropped

PRICE = 100


def with_credit(amount: int) -> UUID:
    """A customer to whom we owe this much."""
    customer = shop.make_customer(shop.make_business(shop.make_owner()))
    owed = Money(amount, "GBP")
    recipes.payment_credited(uuid4(), shop.METHOD, owed, customer.id, owed, edge.now())
    return customer.id


def spend(customer_id: UUID) -> str:
    """Use the credit for one more invoice."""
    invoice = Invoice(id=uuid4(), customer_id=customer_id)
    credit_balance.settle(invoice, Money(PRICE, "GBP"), edge.now())
    return "spent"


def is_right(customer_id: UUID, credit: int, outcomes: list[object]) -> bool:
    """What fits was spent, the rest is left, and the cached balance is the sum of its entries."""
    left = edge.write(lambda: credit_balance.of(customer_id, "GBP")).amount
    broken = {violation.rule for violation in edge.write(invariants.violations)}
    is_kept = not broken & {"guarded_balance_is_its_entries", "posting_balances", "ledger_sums_to_zero"}
    return (outcomes.count("spent"), left, is_kept) == (credit // PRICE, credit % PRICE, True)


@pytest.mark.parametrize("credit", proving.sample([PRICE, 7 * PRICE + 50], 1, "credit"))
def test_e9_a_hundred_spenders_of_one_balance(
    prove: Callable[[Race], list[object]], saw: Callable[[str], None], credit: int
) -> None:
    race = Race(
        prepare=lambda: with_credit(credit),
        works=lambda customer_id: [lambda: spend(customer_id)] * 100,
        act="INSERT INTO ledger_entries",
        guards=[dropped("ALTER TABLE ledger_accounts DROP CONSTRAINT ledger_accounts_guard_check")],
        holds=lambda customer_id, outcomes: is_right(customer_id, credit, outcomes),
    )
    outcomes = prove(race)
    spent = outcomes.count("spent")
    saw(f"credit of {credit}, 100 spenders of {PRICE}: {spent} served, {100 - spent} × 409, {credit % PRICE} left")
