"""Issuing what is owed for periods before it is paid: booked, settled by credit as far as that goes, told, numbered.

Only renewals are issued so, and what a renewed period costs more (product.md, *When an invoice exists*).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from portal.billing import automatic
from portal.invoicing import batches
from portal.invoicing.batches import Drawn
from portal.kit import config, ids, outbox
from portal.kit.jobs import Queue
from portal.kit.outbox import Happened
from portal.payments import transactions

INVOICED = "billing.renewal_invoiced"


@dataclass(frozen=True, slots=True)
class Issue:
    """An invoice to be issued, and whose it is; ``has_method``: whether it is collected by a stored method.

    ``due_at`` is when its period begins, from when on it is collected without anybody; ``carried``, in minor units, is
    collected with it.
    """

    drawn: Drawn
    due_at: datetime
    subscription: str
    business_id: UUID | None
    has_method: bool
    carried: int


def draft(issues: Sequence[Issue], now: datetime) -> None:
    """Store and book invoices, use the credit there is, and record that they came; ``number`` follows, last of all."""
    batches.draft_all([one.drawn for one in issues], config.current().seller, now)
    settled = [one.drawn for one in issues if one.drawn.is_settled]
    transactions.settled_by_credit([(one.id, one.basis.customer_id, one.basis.kind, one.total) for one in settled], now)
    told = [Happened(INVOICED, one.subscription, _facts(one)) for one in issues]
    outbox.record_all(told, Queue.BULK, now)
    automatic.stage_charges((one.drawn.id, max(one.due_at, now)) for one in issues if not one.drawn.is_settled)


def number(issues: Sequence[Issue], now: datetime) -> None:
    """Give drafted invoices their numbers."""
    batches.number_all([one.drawn for one in issues], config.current().seller, now)


def _facts(one: Issue) -> dict[str, Any]:
    return {
        "business_id": ids.text(one.business_id),
        "invoice_id": str(one.drawn.id),
        "credit_amount": one.drawn.credit.amount,
        "carried": one.carried,
        "is_settled": one.drawn.is_settled,
        "has_method": one.has_method,
    }
