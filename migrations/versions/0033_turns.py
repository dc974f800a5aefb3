"""The day on which what was chosen for a period's end happens, and invoices of what a renewed period costs more."""

import runpy
from pathlib import Path

from alembic import op

revision = "0033"
down_revision = "0032"
branch_labels = None
depends_on = None

_BEFORE = runpy.run_path(str(Path(__file__).with_name("0032_hibernation.py")))
_STARTED, _RENEWED = _BEFORE["_STARTED"], _BEFORE["_RENEWED"]
_FURTHER = "renewal_change"
# The kinds of quotes and invoices, and the types of purchases, as they are from here on.
KINDS = (*_BEFORE["_KINDS"], "hibernation", "waking", _FURTHER)
TYPES = (*_BEFORE["_TYPES"], "waking", _FURTHER)
BELOW_ZERO = "kind <> 'subscription_start'"
_AWAKE = "(wakes_on IS NULL OR mode = 'hibernating')"
_EVER_STARTED = f"({_STARTED} OR (status = 'cancelled' AND started_at IS NULL))"
_GOES_ON = "(renews_at IS NULL OR (status IN ('active', 'past_due') AND NOT cancels_at_end))"
_TURNS = """(pending_tier_code IS NULL OR status NOT IN ('incomplete', 'cancelled'))
    AND (turns_on IS NULL) = (pending_tier_code IS NULL AND NOT cancels_at_end)"""
_NUMBERED = "(number IS NULL) = (status IN ('draft', 'void'))"


def upgrade() -> None:
    # Nothing has been chosen for a period's end yet, and of what is there no invoice is of the new kind.
    op.execute(f"""
    -- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
    ALTER TABLE subscriptions ADD COLUMN turns_on date, DROP CONSTRAINT subscriptions_check,
        ADD CONSTRAINT subscriptions_check CHECK ({_EVER_STARTED} AND {_GOES_ON} AND {_AWAKE} AND {_TURNS});
    COMMENT ON COLUMN subscriptions.turns_on IS 'the first day on which what was chosen for a period''s end is so';
    ALTER TABLE invoices DROP CONSTRAINT invoices_check1,
        ADD CONSTRAINT invoices_check1 CHECK ({_NUMBERED}
            AND (quote_id IS NULL) = (kind IN ('subscription_renewal', '{_FURTHER}')));
    """)
    _BEFORE["_allow"](KINDS, TYPES, BELOW_ZERO)


def downgrade() -> None:
    _BEFORE["_allow"](KINDS[:-1], TYPES[:-1], BELOW_ZERO)
    op.execute(f"""
    ALTER TABLE invoices DROP CONSTRAINT invoices_check1,
        ADD CONSTRAINT invoices_check1 CHECK ({_NUMBERED} AND (quote_id IS NULL) = (kind = 'subscription_renewal'));
    ALTER TABLE subscriptions DROP CONSTRAINT subscriptions_check, DROP COLUMN turns_on,
        ADD CONSTRAINT subscriptions_check CHECK ({_STARTED} AND {_RENEWED} AND {_AWAKE});
    """)
