"""Finding the businesses that operators ask for, and who stands behind a customer's number.

It reads across the rooms; which role may see it is the console's question.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import text

from portal.kit.db import db
from portal.kit.pagination import PAGE_SIZE, Page

_MOST = 10_000
_SEARCH = text("""
WITH found AS (
    SELECT b.id, b.public_id, b.name, b.created_at, c.id AS customer_id
      FROM businesses b
      LEFT JOIN customers c ON c.business_id = b.id
     WHERE :search = '' OR position(lower(:search) IN lower(b.name)) > 0
        OR :search IN (b.public_id, c.public_id) OR lower(:search) = lower(b.email)
        OR EXISTS (SELECT FROM team_members m JOIN users u ON u.id = m.user_id
                    WHERE m.business_id = b.id AND (u.email = lower(:search) OR u.public_id = :search))
        OR EXISTS (SELECT FROM subscriptions s WHERE s.customer_id = c.id AND s.public_id = :search)
        OR EXISTS (SELECT FROM invoices i WHERE i.customer_id = c.id AND :search IN (i.number, i.public_id))
        OR EXISTS (SELECT FROM credit_notes n WHERE n.customer_id = c.id AND :search IN (n.number, n.public_id))
     ORDER BY b.created_at DESC, b.id DESC LIMIT :most
), chosen AS (
    SELECT * FROM found ORDER BY created_at DESC, id DESC LIMIT :size OFFSET :skip
)
SELECT counted.total, b.public_id, b.name, b.created_at, s.tier_code, s.status,
       coalesce((SELECT string_agg(u.email, ', ' ORDER BY m.created_at)
                   FROM team_members m JOIN users u ON u.id = m.user_id
                  WHERE m.business_id = b.id AND m.role = 'owner'), '') AS owners
  FROM (SELECT count(*) AS total FROM found) counted
  LEFT JOIN chosen b ON true
  LEFT JOIN subscriptions s ON s.customer_id = b.customer_id AND s.status <> 'cancelled'
 ORDER BY b.created_at DESC, b.id DESC
""")
_PAYERS = text("""
SELECT c.id, b.public_id, b.name FROM customers c JOIN businesses b ON b.id = c.business_id WHERE c.id = ANY (:ids)
""")


@dataclass(frozen=True, slots=True)
class FoundBusiness:
    """A business as the list of customers shows it; without a subscription it has no tier and no status."""

    public_id: str
    name: str
    created_at: datetime
    tier_code: str | None
    status: str | None
    owners: str


@dataclass(frozen=True, slots=True)
class Payer:
    """The business behind a customer."""

    public_id: str
    name: str


def search(wanted: str, page: int) -> Page[FoundBusiness]:
    """Return a page of businesses, newest first.

    :param wanted: a part of a name, an e-mail address of business or team, a public id or a document's number, whole;
        empty finds all.
    """
    given = {"search": wanted, "most": _MOST + 1, "size": PAGE_SIZE, "skip": (page - 1) * PAGE_SIZE}
    rows = [dict(row) for row in db.execute(_SEARCH, given).mappings()]
    totals = [row.pop("total") for row in rows]  # each row tells it, and there is one even where the page is empty
    total = totals[0]
    found = [FoundBusiness(**row) for row in rows if row["public_id"] is not None]
    return Page(found, page, min(total, _MOST), is_capped=total > _MOST)


def payers(customer_ids: Collection[UUID]) -> dict[UUID, Payer]:
    """Return the business behind each of these customers, all with one question."""
    rows = db.execute(_PAYERS, {"ids": list(customer_ids)})
    return {customer_id: Payer(public_id, name) for customer_id, public_id, name in rows}
