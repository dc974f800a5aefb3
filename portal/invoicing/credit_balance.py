"""The customer's credit: what we owe them. It pays first, and the ledger never lets it fall below zero."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.exc import IntegrityError

from portal.invoicing import carried_account
from portal.invoicing.errors import CreditSpent
from portal.invoicing.models import Invoice
from portal.kit import ids
from portal.kit.db import db
from portal.kit.money import Money
from portal.ledger import balances, recipes
from portal.payments import transactions

_GUARD = "ledger_accounts_guard_check"
"""The constraint that keeps a guarded balance from falling below zero."""


def of(customer_id: UUID, currency: str) -> Money:
    """Return the credit of a customer in its currency."""
    return balances.credit_balance(customer_id, currency)


def with_carried(customer_id: UUID, currency: str) -> tuple[Money, Money]:
    """Return the credit of a customer, and what they owe for what was carried (``carried_account``)."""
    return balances.of_customer(customer_id, currency)


def open_purchase(invoice: Invoice, type_: str, fee: Money, carried: Money, now: datetime) -> UUID:
    """Record the purchase by which credit pays ``fee`` of an invoice, and lend the part of it that is carried.

    :return: its key; the caller completes it, and uses the credit.
    """
    purchase_id = transactions.open_transaction(
        customer_id=invoice.customer_id,
        invoice_id=invoice.id,
        session_id=None,
        type_=type_,
        order_id=f"SH{ids.random_text(22)}",
        fee=fee,
        cost=fee * 0,
        collected=None,
        method="carried" if carried else "credit",
        now=now,
    )
    if carried:
        carried_account.lend(invoice.customer_id, carried, purchase_id, now)
    return purchase_id


def settle(invoice: Invoice, amount: Money, now: datetime, purchase_id: UUID | None = None) -> None:
    """Use ``amount`` of the customer's credit for a locked, issued invoice, once as it is issued and once a purchase.

    :param purchase_id: what records it, after the invoice was issued.
    :raises CreditSpent: there is less of it by now.
    """
    if not amount:
        return
    try:
        with db.begin_nested():
            recipes.credit_used(purchase_id or invoice.id, invoice.customer_id, amount, now)
    except IntegrityError as error:
        if error.orig is None or error.orig.diag.constraint_name != _GUARD:  # type: ignore[attr-defined]
            raise
        raise CreditSpent from error
