"""The chart of accounts: which accounts there are and how to find or open one."""

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ARRAY, Text, Uuid, any_, bindparam, or_, select
from sqlalchemy.dialects.postgresql import insert

from portal.kit.db import db, table_of
from portal.ledger.models import LedgerAccount

RECEIVABLE = "receivable"
REVENUE = "revenue"
TAX_DUE = "tax_due"
EXCHANGE = "exchange"
CUSTOMER_CREDIT = "customer_credit"
CUSTOMER_CARRIED = "customer_carried"
WRITTEN_OFF = "written_off"
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


def carried_of(customer_id: UUID) -> Account:
    """What a customer owes us for tiny amounts that were carried to their next payment."""
    return Account(CUSTOMER_CARRIED, customer_id)


def account_ids(wanted: Collection[tuple[Account, str]]) -> dict[tuple[Account, str], UUID]:
    """Return the id of each account in its currency by one look, opening those that are used for the first time."""
    found = _find(wanted)
    missing = [key for key in wanted if key not in found]
    if missing:
        for account, currency in sorted(missing, key=str):  # one order for all, as whoever opens one waits for it
            row = {"code": account.code, "currency": currency, "owner_id": account.owner_id}
            db.execute(_OPEN, row | {"is_guarded": account.owner_id is not None})
        found = _find(wanted)
    return found


_ACCOUNT = table_of(LedgerAccount).c
_OPEN = insert(table_of(LedgerAccount)).on_conflict_do_nothing()
_AMONG = select(_ACCOUNT.code, _ACCOUNT.owner_id, _ACCOUNT.currency, _ACCOUNT.id).where(
    _ACCOUNT.code == any_(bindparam("codes", type_=ARRAY(Text))),
    _ACCOUNT.currency == any_(bindparam("currencies", type_=ARRAY(Text))),
    or_(_ACCOUNT.owner_id.is_(None), _ACCOUNT.owner_id == any_(bindparam("owners", type_=ARRAY(Uuid)))),
)
"""Both sides of the ``or_`` are found by the index, however many owners have an account of a code."""


def _find(wanted: Collection[tuple[Account, str]]) -> dict[tuple[Account, str], UUID]:
    """Return those of the accounts that are there, and perhaps others of the same codes, currencies and owners."""
    rows = db.execute(
        _AMONG,
        {
            "codes": [account.code for account, _ in wanted],
            "currencies": [currency for _, currency in wanted],
            "owners": [account.owner_id for account, _ in wanted if account.owner_id is not None],
        },
    )
    return {(Account(code, owner_id), currency): found for code, owner_id, currency, found in rows}
