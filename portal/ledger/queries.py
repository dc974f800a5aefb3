"""Reading what was booked, so that people can see it beside what it explains."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import Any
from uuid import UUID

from sqlalchemy import ARRAY, Row, Text, any_, bindparam, select

from portal.kit.db import db, table_of
from portal.kit.money import Money
from portal.ledger.models import LedgerAccount, LedgerEntry, LedgerPosting

_POSTING, _ENTRY, _ACCOUNT = table_of(LedgerPosting).c, table_of(LedgerEntry).c, table_of(LedgerAccount).c
_BOOKED = (
    select(_POSTING.id, _POSTING.recipe, _POSTING.occurred_at, _ACCOUNT.code, _ENTRY.amount, _ENTRY.currency)
    .join_from(table_of(LedgerPosting), table_of(LedgerEntry), _ENTRY.posting_id == _POSTING.id)
    .join(table_of(LedgerAccount), _ACCOUNT.id == _ENTRY.account_id)
    .where(_POSTING.reference == any_(bindparam("references", type_=ARRAY(Text))))
    .order_by(_POSTING.occurred_at, _POSTING.id, _ENTRY.id)
)


@dataclass(frozen=True, slots=True)
class Entry:
    """``amount`` on the account of that code: a debit is positive, a credit negative."""

    code: str
    amount: Money


@dataclass(frozen=True, slots=True)
class Booked:
    """One posting: what it was for, when, and its entries."""

    recipe: str
    occurred_at: datetime
    entries: Sequence[Entry]


def booked_of_invoice(
    invoice_id: UUID, attempt_ids: Sequence[UUID], credit_ids: Sequence[UUID], note_ids: Sequence[UUID]
) -> list[Booked]:
    """Return what was booked for an invoice in order: itself, the credit it used and what of that was lent,
    its payments and credit notes.

    :param credit_ids: the purchases by which credit paid it.
    """
    named = {"payment": attempt_ids, "credit_note": note_ids, "invoice": [invoice_id]}
    named |= {"credit_used": [invoice_id, *credit_ids], "carried": credit_ids}
    references = [f"{recipe}:{key}" for recipe, keys in named.items() for key in keys]
    found = db.execute(_BOOKED, {"references": references}).all()
    return [_booked(list(rows)) for _, rows in groupby(found, key=lambda row: row.id)]


def _booked(rows: Sequence[Row[*tuple[Any, ...]]]) -> Booked:
    entries = [Entry(row.code, Money(row.amount, row.currency)) for row in rows]
    return Booked(rows[0].recipe, rows[0].occurred_at, entries)
