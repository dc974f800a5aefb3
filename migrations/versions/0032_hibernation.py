"""Hibernation and waking: quotes, invoices and payments of their own, and the day on which to wake."""

import runpy
from pathlib import Path

from alembic import op

revision = "0032"
down_revision = "0030"
branch_labels = None
depends_on = None

_STARTED = runpy.run_path(str(Path(__file__).with_name("0029_renewals.py")))["_STARTED"]
_RENEWED = """(renews_at IS NULL OR (status IN ('active', 'past_due') AND NOT cancels_at_end))
        AND (pending_tier_code IS NULL OR status IN ('active', 'past_due'))"""
_KINDS = ("subscription_start", "subscription_change", "subscription_renewal")
_TYPES = ("purchase_receives", "plan_upgrade", "plan_downgrade", "subscription_renewal", "refund", "subscription_start",
          "subscription_change", "branch_batch", "hibernation", "prepayment")  # fmt: skip


def upgrade() -> None:
    # Servers that do not know of it choose no day, so all that they write meets what is said again here.
    op.execute(f"""
    -- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
    ALTER TABLE subscriptions ADD COLUMN wakes_on date, DROP CONSTRAINT subscriptions_check,
        ADD CONSTRAINT subscriptions_check CHECK ({_STARTED} AND {_RENEWED}
            AND (wakes_on IS NULL OR mode = 'hibernating'));
    COMMENT ON COLUMN subscriptions.wakes_on IS 'the day on which to wake, where one is chosen';
    """)
    _allow((*_KINDS, "hibernation", "waking"), (*_TYPES, "waking"), "kind <> 'subscription_start'")


def _allow(kinds: tuple[str, ...], types: tuple[str, ...], below_zero: str) -> None:
    """What may be quoted, invoiced and paid, and which quotes may come back; on the way up it only becomes more."""
    for table, column, names in (
        ("quotes", "kind", kinds), ("invoices", "kind", kinds), ("membership_transactions", "type", types),
    ):  # fmt: skip
        allowed = ", ".join(f"'{name}'" for name in names)
        op.execute(f"""
        -- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
        ALTER TABLE {table} DROP CONSTRAINT {table}_{column}_check,
            ADD CONSTRAINT {table}_{column}_check CHECK ({column} IN ({allowed}));
        """)
    op.execute(f"""
    -- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
    ALTER TABLE quotes DROP CONSTRAINT quotes_total_amount_check,
        ADD CONSTRAINT quotes_total_amount_check CHECK ({below_zero} OR total_amount >= 0);
    """)


def downgrade() -> None:
    _allow(_KINDS, _TYPES, "kind = 'subscription_change'")
    op.execute(f"""
    ALTER TABLE subscriptions DROP COLUMN wakes_on,
        ADD CONSTRAINT subscriptions_check CHECK ({_STARTED} AND {_RENEWED});
    """)
