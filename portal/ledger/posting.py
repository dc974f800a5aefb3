"""Writing postings, one or many. Only ``recipes`` calls this; others say what happened, not which accounts move."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.dialects.postgresql import insert

from portal.kit import ids, sets
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


@dataclass(frozen=True, slots=True)
class Posting:
    """``moves``, each of a positive amount, under a unique ``reference``, as ``recipe`` says."""

    reference: str
    recipe: str
    moves: Sequence[Move]


Accounts = dict[tuple[Account, str], UUID]


def post(posting: Posting, now: datetime) -> bool:
    """Write a posting once for its reference.

    :return: False where the reference was already posted; then nothing is written.
    """
    row = _row(posting, now)
    if db.execute(_ADD, row).first() is None:
        return False
    db.execute(_ADD_ENTRY, _in_one_order(_entries(row["id"], posting, account_ids(_used([posting])))))
    return True


def post_all(postings: Sequence[Posting], now: datetime) -> None:
    """Write many postings, whose references must all be new, by two statements.

    :raises IntegrityError: one of them was posted before; nothing is written.
    """
    accounts = account_ids(_used(postings))
    rows = [_row(posting, now) for posting in postings]
    entries = [
        entry for row, posting in zip(rows, postings, strict=True) for entry in _entries(row["id"], posting, accounts)
    ]
    sets.insert_rows(_POSTING, rows)
    sets.insert_rows(table_of(LedgerEntry), _in_one_order(entries))


def _row(posting: Posting, now: datetime) -> dict[str, Any]:
    return {"id": ids.new_id(), "reference": posting.reference, "recipe": posting.recipe, "occurred_at": now}


def _used(postings: Sequence[Posting]) -> set[tuple[Account, str]]:
    moves = (move for posting in postings for move in posting.moves)
    return {(account, move.money.currency) for move in moves for account in (move.debit, move.credit)}


def _entries(posting_id: UUID, posting: Posting, accounts: Accounts) -> list[dict[str, Any]]:
    return [
        {
            "posting_id": posting_id,
            "account_id": accounts[account, move.money.currency],
            "currency": move.money.currency,
            "amount": sign * move.money.amount,
        }
        for move in posting.moves
        for sign, account in ((1, move.debit), (-1, move.credit))
    ]


def _in_one_order(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """One order for all, so that two postings over the same guarded accounts never wait for each other in a circle."""
    return sorted(entries, key=lambda entry: entry["account_id"].int)
