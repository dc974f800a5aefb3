"""The books asked slice by slice, where a check of all of them stands, and a queue for money that has come in.

A slice is every row of the books whose key lies between two keys: each row is in exactly one, however much there is
and whenever it was written, and no slice costs more than its rows.
"""

import runpy
from pathlib import Path

from alembic import op

revision = "0021"
down_revision = "0018"
branch_labels = None
depends_on = None

# What a slice is of: each table with the key that it is cut by.
CUT = {
    "ledger_postings": "id",
    "ledger_accounts": "id",
    "payment_attempts": "id",
    "payment_sessions": "id",
    "payment_refunds": "id",
    "invoices": "id",
    "subscriptions": "id",
    "business_entitlements": "business_id",
}
_SLICE = "{key} > above AND {key} <= up_to"
_EARLIER = runpy.run_path(str(Path(__file__).with_name("0012_invariants_since.py")))
SETS = {
    "touched_postings": "SELECT id, reference, recipe FROM ledger_postings WHERE id > above AND id <= up_to",
    "named": _EARLIER["TOUCHED"]["named"],
    **{
        f"touched_{table.rpartition('_')[2]}": f"SELECT {key} FROM {table} WHERE {_SLICE.format(key=key)}"  # noqa: S608 - ours
        for table, key in CUT.items()
        if table not in ("ledger_postings", "payment_refunds")
    },
}


def upgrade() -> None:
    sets = ", ".join(f"{name} AS ({query})" for name, query in SETS.items())
    ends = " UNION ALL ".join(
        f"(SELECT {key} AS key FROM {table} WHERE {key} > above ORDER BY {key} OFFSET size - 1 LIMIT 1)"  # noqa: S608 - ours
        for table, key in CUT.items()
    )
    # A slice goes by its keys: for some thousands of rows the planner would sooner read tables of a million from end to
    # end, in every slice again. What is dropped here is made wider, never narrower: no client can miss it.
    op.execute(f"""
    -- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
    CREATE FUNCTION invariant_violations_among(above uuid, up_to uuid)
        RETURNS TABLE (rule text, subject text, detail text)
        LANGUAGE sql STABLE SET enable_seqscan = off AS $$ WITH {sets} {_rules()} $$;
    CREATE FUNCTION invariant_slice_end(above uuid, size integer) RETURNS uuid LANGUAGE sql STABLE AS $$
        SELECT key FROM ({ends} UNION ALL SELECT 'ffffffff-ffff-ffff-ffff-ffffffffffff') AS ends ORDER BY key LIMIT 1
    $$;
    """)  # noqa: S608 - of the rules there are
    op.execute("""
    CREATE TABLE invariant_check_under_way (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        began_at timestamptz NOT NULL,
        part text NOT NULL,
        after text NOT NULL
    );
    COMMENT ON TABLE invariant_check_under_way IS 'what the check of everything asks about next, and after which row';
    ALTER TABLE invariant_findings DROP CONSTRAINT invariant_findings_check_name_fkey;
    """)
    _queues("interactive", "money", "default", "bulk")


def _rules() -> str:
    """The rules of what is written, as they are asked of what changed, with another choice of rows."""
    united: str = _EARLIER["_united"]({**_EARLIER["LEDGER"], **_EARLIER["PAYMENTS"], **_EARLIER["AGREEMENTS"]})
    for by_time, key in (("r.touched_at >= since", "r.id"), ("touched_at >= since", "id")):
        united = united.replace(by_time, _SLICE.format(key=key))
    return united


def _queues(*names: str) -> None:
    """The rows that are there are all of one of the old queues, and few: looking at them again takes no time."""
    allowed = ", ".join(f"'{name}'" for name in names)
    op.execute(f"""
    ALTER TABLE staged_jobs DROP CONSTRAINT staged_jobs_queue_check,
        ADD CONSTRAINT staged_jobs_queue_check CHECK (queue IN ({allowed}));
    """)


def downgrade() -> None:
    op.execute("UPDATE staged_jobs SET queue = 'interactive' WHERE queue = 'money';")
    _queues("interactive", "default", "bulk")
    op.execute("""
    DELETE FROM invariant_findings WHERE check_name NOT IN (SELECT name FROM invariant_checks);
    ALTER TABLE invariant_findings ADD CONSTRAINT invariant_findings_check_name_fkey
        FOREIGN KEY (check_name) REFERENCES invariant_checks;
    DROP TABLE invariant_check_under_way;
    DROP FUNCTION invariant_violations_among(uuid, uuid), invariant_slice_end(uuid, integer);
    """)
