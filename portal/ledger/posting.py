"""Writing one posting. Only ``recipes`` calls this; everybody else says what happened, not which accounts move."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from portal.kit import ids
from portal.kit.db import db, table_of
from portal.kit.money import Money
from portal.ledger.chart import Account, account_ids
from portal.ledger.models import LedgerEntry, LedgerPosting

_POSTING = table_of(LedgerPosting)
_ADD = insert(_POSTING).on_conflict_do_nothing(index_elements=["reference"]).returning(_POSTING.c.id)
_ADD_ENTRY = insert(table_of(LedgerEntry))


@dataclass(frozen=True, slots=True)
class Move:
    """``money`` goes from the credited account to the debited one."""

    debit: Account
    credit: Account
    money: Money


def post(reference: str, recipe: str, moves: list[Move], now: datetime) -> bool:
    """Write a posting of ``moves`` (each of a positive amount) once for ``reference``.

    :return: False where the reference was already posted; then nothing is written.
    """
    posting_id = ids.new_id()
    row = {"id": posting_id, "reference": reference, "recipe": recipe, "occurred_at": now}
    if db.execute(_ADD, row).first() is None:
        return False
    sides = [
        (account, move.money.currency, sign * move.money.amount)
        for move in moves
        for sign, account in ((1, move.debit), (-1, move.credit))
    ]
    accounts = account_ids({(account, currency) for account, currency, _ in sides})
    entries = [
        {
            "posting_id": posting_id,
            "account_id": accounts[account, currency],
            "currency": currency,
            "amount": amount,
        }
        for account, currency, amount in sides
    ]
    # One order for all, so that two postings over the same guarded accounts never wait for each other in a circle.
    db.execute(_ADD_ENTRY, sorted(entries, key=lambda entry: str(entry["account_id"])))
    return True
