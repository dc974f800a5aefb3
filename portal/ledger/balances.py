"""Reading the book: balances of guarded accounts from their row, of all others as sums."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import bindparam, func, or_, select

from portal.kit.db import db, table_of
from portal.kit.money import Money
from portal.ledger.chart import CUSTOMER_CARRIED, CUSTOMER_CREDIT, Account, carried_of, credit_of
from portal.ledger.models import LedgerAccount, LedgerEntry


@dataclass(frozen=True, slots=True)
class TrialLine:
    """The sum of one account code in one currency: ``amount`` > 0 is a debit balance."""

    code: str
    currency: str
    amount: int


_ACCOUNT = table_of(LedgerAccount).c
_GUARDED = select(_ACCOUNT.balance).where(
    _ACCOUNT.code == bindparam("code"),
    _ACCOUNT.owner_id == bindparam("owner_id"),
    _ACCOUNT.currency == bindparam("currency"),
)
_OF_CUSTOMER = select(_ACCOUNT.code, _ACCOUNT.balance).where(
    or_(_ACCOUNT.code == CUSTOMER_CREDIT, _ACCOUNT.code == CUSTOMER_CARRIED),
    _ACCOUNT.owner_id == bindparam("owner_id"),
    _ACCOUNT.currency == bindparam("currency"),
)


def credit_balance(customer_id: UUID, currency: str) -> Money:
    """Return what we owe the customer in ``currency``."""
    return _guarded(credit_of(customer_id), currency)


def carried_balance(customer_id: UUID, currency: str) -> Money:
    """Return what the customer owes us in ``currency`` for what was carried to their next payment."""
    return _guarded(carried_of(customer_id), currency)


def of_customer(customer_id: UUID, currency: str) -> tuple[Money, Money]:
    """Return what we owe the customer in ``currency``, and what they owe us for what was carried, by one question."""
    rows = db.execute(_OF_CUSTOMER, {"owner_id": customer_id, "currency": currency})
    found = {code: Money(balance, currency) for code, balance in rows}
    nothing = Money.zero(currency)
    return found.get(CUSTOMER_CREDIT, nothing), found.get(CUSTOMER_CARRIED, nothing)


def _guarded(account: Account, currency: str) -> Money:
    of = {"code": account.code, "owner_id": account.owner_id, "currency": currency}
    return Money(db.execute(_GUARDED, of).scalar_one_or_none() or 0, currency)


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
