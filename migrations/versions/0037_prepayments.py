"""Quotes and drafts of paying ahead, which become credit and never an invoice."""

import runpy
from pathlib import Path

from alembic import op

revision = "0037"
down_revision = "0036"
branch_labels = None
depends_on = None

_BEFORE = runpy.run_path(str(Path(__file__).with_name("0033_turns.py")))
_allow = runpy.run_path(str(Path(__file__).with_name("0032_hibernation.py")))["_allow"]

# The kinds of quotes and invoices, and the types of purchases, as they are from here on.
KINDS = (*_BEFORE["KINDS"], "prepayment")
TYPES = _BEFORE["TYPES"]
BELOW_ZERO = "kind NOT IN ('subscription_start', 'prepayment')"


_QUOTED = "(quote_id IS NULL) = (kind IN ('subscription_renewal', 'renewal_change'))"
_NUMBERED = f"{_BEFORE['_NUMBERED']} AND {_QUOTED}"


def upgrade() -> None:
    # Servers that do not know of it make none, so all that they write meets what is said again here.
    op.execute(f"""
    -- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
    ALTER TABLE invoices DROP CONSTRAINT invoices_check1,
        ADD CONSTRAINT invoices_check1 CHECK ({_NUMBERED} AND (kind <> 'prepayment' OR number IS NULL));
    """)
    _allow(KINDS, TYPES, BELOW_ZERO)


def downgrade() -> None:
    _allow(_BEFORE["KINDS"], TYPES, _BEFORE["BELOW_ZERO"])
    op.execute(f"""
    ALTER TABLE invoices DROP CONSTRAINT invoices_check1, ADD CONSTRAINT invoices_check1 CHECK ({_NUMBERED});
    """)
