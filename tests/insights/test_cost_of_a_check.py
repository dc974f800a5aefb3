"""A check of the books costs what was written since the last one, not what there is."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import text

from portal.kit import edge
from portal.kit.db import db as session
from tests.support.everything import make_everything, pay_here

MANY = 10_000
ENDED = {
    "ledger_postings": None,
    "invoices": "void",
    "payment_sessions": "expired",
    "payment_attempts": "closed",
    "membership_transactions": "cancelled",
}
"""The tables that grow with every payment, and a state of theirs that asks for nothing."""
_COPY = """
INSERT INTO {table} SELECT old.* FROM {table} t CROSS JOIN generate_series(1, :many) n
 CROSS JOIN LATERAL jsonb_populate_record(t, jsonb_build_object(
       'id', gen_random_uuid(), 'public_id', gen_random_uuid(), 'reference', 'old:' || n, 'order_number', n,
       'order_id', n, 'status', CAST(:ended AS text), 'number', NULL, 'issued_at', NULL, 'credit_amount', 0,
       'paid_amount', 0, 'paid_at', NULL, 'credited_amount', 0, 'credited_open_amount', 0,
       'captured_amount', NULL, 'captured_currency', NULL, 'captured_at', NULL,
       'disposition', NULL, 'provider_transaction_id', NULL, 'recorded_at', now() - interval '1 day',
       'touched_at', now() - interval '1 day', 'invoice_id', gen_random_uuid(), 'session_id', gen_random_uuid())) old
 WHERE t.id = (SELECT id FROM {table} LIMIT 1)
"""
_EXPLAIN = "EXPLAIN (ANALYZE, FORMAT JSON) SELECT * FROM invariant_violations_since(:since)"


@pytest.fixture
def since(db: None) -> datetime:
    """The instant before a payment was made, in books that are full of old ones."""
    world = edge.write(make_everything)
    began: datetime = session.execute(text("SELECT clock_timestamp()")).scalar_one()
    edge.write(lambda: pay_here(world))
    session.execute(text("SET LOCAL session_replication_role = replica"))
    for table, ended in ENDED.items():
        session.execute(text(_COPY.format(table=table)), {"ended": ended, "many": MANY})
    session.execute(text("ANALYZE"))
    return began


def rows_read(since: object) -> int:
    """How many rows of tables and indexes PostgreSQL touched to answer."""
    plan = session.execute(text(_EXPLAIN), {"since": since}).scalar_one()
    return sum(node["Actual Loops"] * (node["Actual Rows"] + _dropped(node)) for node in _scans(plan[0]["Plan"]))


def _dropped(node: dict[str, Any]) -> int:
    return sum(node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Index Recheck"))


def _scans(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "Relation Name" in node:
        yield node
    for child in node.get("Plans", ()):
        yield from _scans(child)


def test_it_reads_what_was_written_and_not_what_there_is(since: datetime, saw: Callable[[str], None]) -> None:
    recent, everything = rows_read(since), rows_read(datetime(1970, 1, 1))  # noqa: DTZ001 - long ago anywhere
    assert recent < 1000
    assert everything > MANY * len(ENDED)
    saw(f"{MANY * len(ENDED)} old rows, one new payment: {recent:.0f} rows read; of everything, {everything:.0f}")
