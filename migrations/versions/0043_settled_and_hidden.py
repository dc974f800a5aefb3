"""What is hidden for an invoice of which nothing is owed any more waits for its end, or to be brought back."""

import runpy
from pathlib import Path

revision = "0043"
down_revision = "0042"
branch_labels = None
depends_on = None

_EARLIER = runpy.run_path(str(Path(__file__).with_name("0042_arrears.py")))
_define = runpy.run_path(str(Path(__file__).with_name("0022_credit_notes.py")))["define"]

# The rules as they are from here on; what comes later goes on from these.
TOUCHED, SETS, WHOLE = _EARLIER["TOUCHED"], _EARLIER["SETS"], _EARLIER["WHOLE"]
LEDGER, PAYMENTS, UNDER_WAY = _EARLIER["LEDGER"], _EARLIER["PAYMENTS"], _EARLIER["UNDER_WAY"]
AGREEMENTS = _EARLIER["AGREEMENTS"] | {
    "dunned_is_owed": """SELECT i.public_id, d.status || ' ' || i.status FROM touched_invoices
        JOIN invoices i USING (id) JOIN dunning_cases d ON d.invoice_id = i.id
        JOIN subscriptions u ON u.id = d.subscription_id
        WHERE d.status <> 'closed' AND i.status <> 'open' AND (d.status <> 'suspended' OR u.status <> 'suspended')""",
}


def upgrade() -> None:
    _define(TOUCHED, SETS, {**LEDGER, **PAYMENTS, **AGREEMENTS}, UNDER_WAY, WHOLE)


def downgrade() -> None:
    _define(TOUCHED, SETS, {**LEDGER, **PAYMENTS, **_EARLIER["AGREEMENTS"]}, UNDER_WAY, WHOLE)
