"""A customer's history, read as plain values: pages of it, and all of it for a file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, bindparam, func, select

from portal.kit.db import db, table_of
from portal.kit.money import Money
from portal.kit.pagination import PAGE_SIZE, Page
from portal.payments.models import MembershipTransaction

TYPES = (
    "subscription_start",
    "subscription_renewal",
    "renewal_change",
    "subscription_change",
    "branch_batch",
    "hibernation",
    "waking",
    "prepayment",
)
STATUSES = ("pending", "completed", "failed", "cancelled", "refunded")
_table = table_of(MembershipTransaction).c
_CONDITIONS = {
    "type": _table.type == bindparam("type"),
    "status": _table.status == bindparam("status"),
    "since": _table.created_at >= bindparam("since"),
    "until": _table.created_at < bindparam("until"),
}
_NEWEST = (_table.created_at.desc(), _table.id.desc())


@dataclass(frozen=True, slots=True)
class TransactionFilter:
    """What of a history is wanted; ``since`` is inclusive, ``until`` exclusive."""

    type: str | None = None
    status: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    def given(self) -> dict[str, Any]:
        """Return what is asked for, by name."""
        return {name: value for name in _CONDITIONS if (value := getattr(self, name))}


@dataclass(slots=True)
class Line:
    """A transaction as a history shows it; ``collected`` is what the wallet was asked for in another currency.

    Of ``amount``, ``cost`` is paid by the method; credit pays the rest.
    """

    public_id: str
    order_id: str
    type: str
    method: str
    status: str
    created_at: datetime
    amount: Money
    cost: Money
    collected: Money | None


_COLUMNS = (
    _table.public_id, _table.order_id, _table.type, _table.method, _table.status, _table.created_at,
    _table.amount, _table.cost_amount, _table.currency, _table.metadata,
)  # fmt: skip


def list_transactions(customer_id: UUID, wanted: TransactionFilter, page: int, total: int) -> Page[Line]:
    """Return a page of a customer's history, newest first.

    :param total: the customer's counter, used where nothing is filtered, so that a long history costs no count.
    """
    given = wanted.given()
    asked = given | {"customer_id": customer_id}
    if given:
        total = db.execute(_count(frozenset(given)), asked).scalar_one()
    rows = db.execute(_page(frozenset(given)), asked | {"skipped": (page - 1) * PAGE_SIZE})
    return Page([_line(row) for row in rows], page, total)


def all_transactions(customer_id: UUID, wanted: TransactionFilter, limit: int) -> Sequence[Line]:
    """Return up to ``limit`` transactions, newest first."""
    given = wanted.given()
    rows = db.execute(_all(frozenset(given)), given | {"customer_id": customer_id, "most": limit})
    return [_line(row) for row in rows]


def _line(row: Row[Any]) -> Line:
    collected: Mapping[str, Any] | None = row.metadata.get("collected")
    return Line(
        public_id=row.public_id,
        order_id=row.order_id,
        type=row.type,
        method=row.method,
        status=row.status,
        created_at=row.created_at,
        amount=Money(row.amount, row.currency),
        cost=Money(row.cost_amount, row.currency),
        collected=Money(**collected) if collected else None,
    )


def _mine(names: frozenset[str], *columns: Any) -> Select[Any]:
    return select(*columns).where(
        _table.customer_id == bindparam("customer_id"), *(_CONDITIONS[name] for name in sorted(names))
    )


@lru_cache
def _count(names: frozenset[str]) -> Select[Any]:
    return _mine(names, func.count())


@lru_cache
def _page(names: frozenset[str]) -> Select[Any]:
    """Take 20 keys off the covering index and only then look at their rows."""
    keys = _mine(names, _table.id).order_by(*_NEWEST).limit(PAGE_SIZE).offset(bindparam("skipped")).subquery()
    return select(*_COLUMNS).join_from(_table.id.table, keys, keys.c.id == _table.id).order_by(*_NEWEST)


@lru_cache
def _all(names: frozenset[str]) -> Select[Any]:
    return _mine(names, *_COLUMNS).order_by(_table.created_at.desc()).limit(bindparam("most"))
