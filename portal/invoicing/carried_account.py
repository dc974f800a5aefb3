"""What is too little to collect by itself: lent to its customer, and owed with their next payment (*Tiny amounts*).

Lending puts as much on the credit, which settles the invoice; paying it back takes it from there.
"""

from datetime import datetime
from uuid import UUID

from portal.identity import audit
from portal.invoicing.models import Customer
from portal.kit import ids
from portal.kit.money import Money
from portal.ledger import balances, recipes


def of(customer_id: UUID, currency: str) -> Money:
    """Return what a customer owes for what was carried."""
    return balances.carried_balance(customer_id, currency)


def lend(customer_id: UUID, amount: Money, purchase_id: UUID, now: datetime) -> None:
    """Put ``amount`` on the credit of a customer, who owes as much with their next payment.

    :param purchase_id: the purchase that it pays for.
    """
    recipes.carried(purchase_id, customer_id, amount, now)


def pay(customer: Customer, now: datetime) -> None:
    """Pay what was carried from a customer's credit, as far as that goes; no payment of it may be under way."""
    amount = min(balances.of_customer(customer.id, customer.currency))
    if amount:
        recipes.carried_paid(ids.new_id(), customer.id, amount, now)
        facts = {"amount": amount.amount, "currency": amount.currency}
        audit.record(audit.SYSTEM, "carried.paid_by_credit", customer.public_id, facts, now)


def write_off(customer: Customer, subscription_id: UUID, now: datetime) -> None:
    """Give up what was carried: the subscription of a customer has ended."""
    amount = of(customer.id, customer.currency)
    if amount:
        recipes.carried_written_off(subscription_id, customer.id, amount, now)
        facts = {"amount": amount.amount, "currency": amount.currency}
        audit.record(audit.SYSTEM, "carried.written_off", customer.public_id, facts, now)
