"""Reading the book: balances of guarded accounts from their row, of all others as sums."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, func, select

from portal.kit.db import db, table_of
from portal.kit.money import Money
from portal.ledger.chart import CUSTOMER_CREDIT, Account
from portal.ledger.models import LedgerAccount, LedgerEntry


@dataclass(frozen=True, slots=True)
class TrialLine:
    """The sum of one account code in one currency: ``amount`` > 0 is a debit balance."""

    code: str
    currency: str
    amount: int


_ACCOUNT = table_of(LedgerAccount).c
_CREDIT = select(_ACCOUNT.balance).where(
    _ACCOUNT.code == CUSTOMER_CREDIT,
    _ACCOUNT.owner_id == bindparam("owner_id"),
    _ACCOUNT.currency == bindparam("currency"),
)


def credit_balance(customer_id: UUID, currency: str) -> Money:
    """Return what we owe the customer in ``currency``."""
    found = db.execute(_CREDIT, {"owner_id": customer_id, "currency": currency}).scalar_one_or_none()
    return Money(found or 0, currency)


def balance(account: Account, currency: str) -> Money:
    """Return the debit balance of an account that is not guarded."""
    query = (
        select(func.coalesce(func.sum(LedgerEntry.amount), 0))
        .join(LedgerAccount, LedgerAccount.id == LedgerEntry.account_id)
        .where(LedgerAccount.code == account.code, LedgerAccount.currency == currency)
    )
    return Money(int(db.execute(query).scalar_one()), currency)


def trial_balance() -> list[TrialLine]:
    """Return every account code and currency with its sum; per currency they sum to zero."""
    total = func.sum(LedgerEntry.amount)
    query = (
        select(LedgerAccount.code, LedgerAccount.currency, total)
        .join(LedgerEntry, LedgerEntry.account_id == LedgerAccount.id)
        .group_by(LedgerAccount.code, LedgerAccount.currency)
        .order_by(LedgerAccount.currency, LedgerAccount.code)
    )
    return [TrialLine(code, currency, int(amount)) for code, currency, amount in db.execute(query)]
