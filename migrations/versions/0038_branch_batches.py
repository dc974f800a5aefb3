"""Branch batches: branches that are proposed or about to go, and quotes and invoices of what is settled together."""

import runpy
from pathlib import Path

from alembic import op

revision = "0038"
down_revision = "0037"
branch_labels = None
depends_on = None

_allow = runpy.run_path(str(Path(__file__).with_name("0032_hibernation.py")))["_allow"]
_BEFORE = runpy.run_path(str(Path(__file__).with_name("0037_prepayments.py")))
# The kinds of quotes and invoices, and the types of purchases, as they are from here on.
KINDS, TYPES, BELOW_ZERO = (*_BEFORE["KINDS"], "branch_batch"), _BEFORE["TYPES"], _BEFORE["BELOW_ZERO"]


def upgrade() -> None:
    op.execute("""
    ALTER TABLE branches ADD COLUMN is_proposed boolean NOT NULL DEFAULT false,
        ADD COLUMN leaving_since timestamptz;
    COMMENT ON COLUMN branches.is_proposed IS 'by somebody who may not spend; an owner has to agree';
    COMMENT ON COLUMN branches.leaving_since IS 'it is to be removed, and shown until that is settled';
    """)
    _allow(KINDS, TYPES, BELOW_ZERO)


def downgrade() -> None:
    _allow(KINDS[:-1], TYPES, BELOW_ZERO)
    op.execute("ALTER TABLE branches DROP COLUMN is_proposed, DROP COLUMN leaving_since;")
