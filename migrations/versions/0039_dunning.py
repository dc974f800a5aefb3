"""Invoices that were not paid in time, each with its clock."""

import runpy
from pathlib import Path

from alembic import op

revision = "0039"
down_revision = "0038"
branch_labels = None
depends_on = None

_EARLIER = runpy.run_path(str(Path(__file__).with_name("0035_later_credit.py")))
_define = runpy.run_path(str(Path(__file__).with_name("0022_credit_notes.py")))["define"]

# The rules as they are from here on; what comes later goes on from these.
TOUCHED, SETS, WHOLE = _EARLIER["TOUCHED"], _EARLIER["SETS"], _EARLIER["WHOLE"]
LEDGER, PAYMENTS = _EARLIER["LEDGER"], _EARLIER["PAYMENTS"]
AGREEMENTS = _EARLIER["AGREEMENTS"] | {
    "overdue_is_dunned": """SELECT u.public_id, u.status FROM touched_subscriptions JOIN subscriptions u USING (id)
        WHERE u.status IN ('past_due', 'suspended') AND NOT EXISTS (
            SELECT FROM dunning_cases d WHERE d.subscription_id = u.id AND d.status <> 'closed')""",
    "dunned_is_owed": """SELECT i.public_id, d.status || ' ' || i.status FROM touched_invoices
        JOIN invoices i USING (id) JOIN dunning_cases d ON d.invoice_id = i.id
        WHERE d.status <> 'closed' AND i.status <> 'open'""",
}
UNDER_WAY = _EARLIER["UNDER_WAY"] | {
    "dunning_has_its_next_step": """SELECT i.public_id, d.status || ' until ' || d.next_at
        FROM dunning_cases d JOIN invoices i ON i.id = d.invoice_id WHERE d.status <> 'closed'
        AND NOT EXISTS (SELECT FROM staged_jobs j WHERE j.state IN ('pending', 'leased')
            AND j.key = 'billing.take_dunning_step:' || d.invoice_id)""",
}


def upgrade() -> None:
    op.execute("""
    CREATE TABLE dunning_cases (
        invoice_id uuid PRIMARY KEY REFERENCES invoices,
        subscription_id uuid NOT NULL REFERENCES subscriptions,
        status text NOT NULL CHECK (status IN ('running', 'suspended', 'closed')),
        started_at timestamptz NOT NULL,
        step integer NOT NULL CHECK (step BETWEEN 0 AND 4),
        is_charged boolean NOT NULL,
        is_awaited boolean NOT NULL,
        next_at timestamptz NOT NULL,
        ended_at timestamptz,
        CONSTRAINT dunning_cases_clock_check CHECK (next_at >= started_at AND (status <> 'suspended' OR step = 4)),
        CONSTRAINT dunning_cases_ended_check CHECK ((status = 'closed') = (ended_at IS NOT NULL))
    );
    COMMENT ON COLUMN dunning_cases.step IS 'the last one that was taken; 0 is the first failure';
    COMMENT ON COLUMN dunning_cases.is_awaited IS 'whether the next step''s charge was made and not answered yet';
    CREATE INDEX dunning_cases_open_idx ON dunning_cases (subscription_id) WHERE status <> 'closed';
    """)
    _define(TOUCHED, SETS, {**LEDGER, **PAYMENTS, **AGREEMENTS}, UNDER_WAY, WHOLE)


def downgrade() -> None:
    _define(TOUCHED, SETS, {**LEDGER, **PAYMENTS, **_EARLIER["AGREEMENTS"]}, _EARLIER["UNDER_WAY"], WHOLE)
    op.execute("DROP TABLE dunning_cases;")
