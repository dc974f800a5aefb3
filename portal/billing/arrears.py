"""What a customer owes from before, paid along with what is next to be paid, and never as a line of it.

What was carried is added to the next amount due (product.md, *Tiny amounts*); whoever comes back pays first what shown
days owe (*Cancelling*), and one payment of both restores what is suspended (*Failed payments*).
"""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from portal.invoicing import credit_balance
from portal.invoicing.models import Invoice
from portal.invoicing.queries import DUE
from portal.invoicing.states import OWED
from portal.kit.db import db, table_of
from portal.kit.money import Money

_INVOICE = table_of(Invoice).c
_OF = (
    select(_INVOICE.number, DUE.label("due"))
    .where(_INVOICE.customer_id == bindparam("customer_id"), _INVOICE.status.in_(OWED))
    .order_by(_INVOICE.issued_at, _INVOICE.id)
)

Arrears = list[dict[str, Any]]
"""As the terms of a quote have them: what was carried, then invoices by number, each with its amount."""


def of_carried(carried: Money) -> Arrears:
    """Return what was carried as arrears."""
    return [{"kind": "carried", "amount": carried.amount}] if carried else []


def of_customer(customer_id: UUID, currency: str) -> tuple[Arrears, Money]:
    """Return what a customer owes from before, once their credit has paid what it can of that (what was carried first,
    then invoices), and what is left of the credit."""
    credit, carried = credit_balance.with_carried(customer_id, currency)
    return after_credit(of_carried(carried) + of_invoices(customer_id), credit)


def left_to_pay(customer_id: UUID, currency: str) -> Money:
    """Return what a customer owes once their credit has paid what it can: the first that money paid ahead pays."""
    left, _ = of_customer(customer_id, currency)
    return total_of(left, currency)


def of_invoices(customer_id: UUID) -> Arrears:
    """Return what a customer's invoices still owe, the oldest first, those that were given up among them."""
    rows = db.execute(_OF, {"customer_id": customer_id})
    return [{"kind": "invoice", "number": row.number, "amount": row.due} for row in rows]


def after_credit(owed: Arrears, credit: Money) -> tuple[Arrears, Money]:
    """Return what is left of arrears once credit has paid what it can of them, in their order, and what is left of the
    credit. Pure."""
    left = []
    for one in owed:
        paid = min(credit.amount, one["amount"])
        credit -= Money(paid, credit.currency)
        if paid < one["amount"]:
            left.append(one | {"amount": one["amount"] - paid})
    return left, credit


def total_of(arrears: Sequence[dict[str, Any]], currency: str) -> Money:
    """Return what arrears come to."""
    return Money(sum(one["amount"] for one in arrears), currency)
