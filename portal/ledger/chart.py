"""The chart of accounts: which accounts there are and how to find or open one."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert

from portal.kit import ids
from portal.kit.db import db
from portal.ledger.models import LedgerAccount

RECEIVABLE = "receivable"
REVENUE = "revenue"
EXCHANGE = "exchange"
CUSTOMER_CREDIT = "customer_credit"
HELD = "held"
SUSPENSE = "suspense"
_CLEARING = "clearing:"


@dataclass(frozen=True, slots=True)
class Account:
    """An account by its code; with an ``owner_id`` it is guarded."""

    code: str
    owner_id: UUID | None = None


def clearing(provider: str) -> Account:
    """The account that mirrors what ``provider`` holds for us."""
    return Account(_CLEARING + provider)


def credit_of(customer_id: UUID) -> Account:
    """The credit balance of a customer: what we owe them."""
    return Account(CUSTOMER_CREDIT, customer_id)


def account_id(account: Account, currency: str) -> UUID:
    """Return the id of ``account`` in ``currency``, opening it at its first use."""
    query = select(LedgerAccount.id).where(
        LedgerAccount.code == account.code,
        LedgerAccount.currency == currency,
        LedgerAccount.owner_id.is_not_distinct_from(account.owner_id),
    )
    found = db.execute(query).scalar_one_or_none()
    if found is None:
        row = {"id": ids.new_id(), "code": account.code, "currency": currency, "owner_id": account.owner_id}
        guarded = account.owner_id is not None
        db.execute(insert(LedgerAccount).values(**row, is_guarded=guarded, balance=0).on_conflict_do_nothing())
        found = db.execute(query).scalar_one()
    return found
