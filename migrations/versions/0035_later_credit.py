"""Credit that pays an open invoice after it was issued: each time a purchase of its own, and its own posting."""

import runpy
from pathlib import Path

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

_EARLIER = runpy.run_path(str(Path(__file__).with_name("0034_product_graces.py")))
_define = runpy.run_path(str(Path(__file__).with_name("0022_credit_notes.py")))["define"]
_AT_ISSUE = "UNION ALL SELECT id, 'credit_used:' || id FROM touched_invoices"
_LATER = """
                UNION ALL SELECT v.id, 'credit_used:' || m.id FROM touched_invoices v
                    JOIN membership_transactions m ON m.invoice_id = v.id AND m.method = 'credit'"""

# The rules as they are from here on; what comes later goes on from these.
TOUCHED, SETS, WHOLE = _EARLIER["TOUCHED"], _EARLIER["SETS"], _EARLIER["WHOLE"]
LEDGER, PAYMENTS, UNDER_WAY = _EARLIER["LEDGER"], _EARLIER["PAYMENTS"], _EARLIER["UNDER_WAY"]
AGREEMENTS = _EARLIER["AGREEMENTS"] | {
    "invoice_is_its_postings": _EARLIER["AGREEMENTS"]["invoice_is_its_postings"].replace(_AT_ISSUE, _AT_ISSUE + _LATER),
}


def upgrade() -> None:
    _define(TOUCHED, SETS, {**LEDGER, **PAYMENTS, **AGREEMENTS}, UNDER_WAY, WHOLE)


def downgrade() -> None:
    _define(TOUCHED, SETS, {**LEDGER, **PAYMENTS, **_EARLIER["AGREEMENTS"]}, UNDER_WAY, WHOLE)
