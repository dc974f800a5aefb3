"""Writing one posting. Only ``recipes`` calls this; everybody else says what happened, not which accounts move."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from portal.kit import ids
from portal.kit.db import db
from portal.kit.money import Money
from portal.ledger.chart import Account, account_id
from portal.ledger.models import LedgerEntry, LedgerPosting


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
    row = {"id": ids.new_id(), "reference": reference, "recipe": recipe, "occurred_at": now}
    added = db.execute(
        insert(LedgerPosting)
        .values(row)
        .on_conflict_do_nothing(index_elements=["reference"])
        .returning(LedgerPosting.id)
    ).scalar_one_or_none()
    if added is None:
        return False
    entries = [
        {
            "posting_id": added,
            "account_id": account_id(account, move.money.currency),
            "currency": move.money.currency,
            "amount": sign * move.money.amount,
        }
        for move in moves
        for sign, account in ((1, move.debit), (-1, move.credit))
    ]
    # One order for all, so that two postings over the same guarded accounts never wait for each other in a circle.
    db.execute(insert(LedgerEntry), sorted(entries, key=lambda entry: str(entry["account_id"])))
    return True
