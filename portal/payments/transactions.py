"""The record of a purchase: opened with its session, completed by money, closed without it."""

from collections.abc import Iterable
from dataclasses import asdict
from datetime import datetime
from uuid import UUID

from sqlalchemy import bindparam, insert, select

from portal.kit import ids, sets
from portal.kit.db import db, table_of
from portal.kit.money import Money
from portal.payments.models import MembershipTransaction
from portal.payments.states import move

_OPEN = insert(table_of(MembershipTransaction))


def open_transaction(
    *,
    customer_id: UUID,
    invoice_id: UUID,
    session_id: UUID | None,
    type_: str,
    order_id: str,
    fee: Money,
    cost: Money,
    collected: Money | None,
    method: str,
    now: datetime,
) -> UUID:
    """Store a pending purchase and return its key.

    :param fee: what is bought costs this much.
    :param cost: this much of it is paid by ``method``; the rest by credit.
    :param collected: what the wallet is asked for, where that is another currency.
    """
    transaction_id = ids.new_id()
    row = {
        "id": transaction_id,
        "public_id": ids.public_id("txn"),
        "order_id": order_id,
        "customer_id": customer_id,
        "invoice_id": invoice_id,
        "session_id": session_id,
        "type": type_,
        "amount": fee.amount,
        "cost_amount": cost.amount,
        "currency": fee.currency,
        "method": method,
        "metadata": {"collected": asdict(collected)} if collected else {},
        "created_at": now,
    }
    db.execute(_OPEN, row)
    return transaction_id


def settled_by_credit(invoices: Iterable[tuple[UUID, UUID, str, Money]], now: datetime) -> None:
    """Store the completed purchases of invoices that credit has paid, by one statement.

    :param invoices: key, customer, type and total of each.
    """
    rows = [
        {
            "id": ids.new_id(),
            "public_id": ids.public_id("txn"),
            "order_id": f"SH{ids.random_text(22)}",
            "customer_id": customer_id,
            "invoice_id": invoice_id,
            "type": type_,
            "amount": fee.amount,
            "cost_amount": 0,
            "currency": fee.currency,
            "method": "credit",
            "status": "completed",
            "metadata": {"disposition": "applied"},
            "created_at": now,
            "completed_at": now,
        }
        for invoice_id, customer_id, type_, fee in invoices
    ]
    sets.insert_rows(table_of(MembershipTransaction), rows)


def get(transaction_id: UUID) -> MembershipTransaction:
    """Return a transaction by key."""
    return db.get_one(MembershipTransaction, transaction_id)


def collected(transaction: MembershipTransaction) -> Money | None:
    """Return what the wallet was asked for, where that is another currency."""
    found = transaction.facts.get("collected")
    return Money(**found) if found else None


_OF_SESSION = select(MembershipTransaction).where(MembershipTransaction.session_id == bindparam("session_id"))


def of_session(session_id: UUID) -> MembershipTransaction:
    """Return the transaction of a session."""
    return db.scalars(_OF_SESSION, {"session_id": session_id}).one()


def complete(transaction: MembershipTransaction, disposition: str, now: datetime) -> None:
    """Mark it completed: its money came, whatever became of it (``disposition``)."""
    facts = {**transaction.facts, "disposition": disposition}
    move(transaction, "completed", completed_at=now, error_message=None, facts=facts)


def close(transaction: MembershipTransaction, status: str, reason: str) -> None:
    """Mark a pending one ``failed`` or ``cancelled`` with a reason code; money that comes later reopens it."""
    if transaction.status == "pending":
        move(transaction, status, error_message=reason)
