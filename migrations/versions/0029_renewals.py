"""Renewals: when each subscription is looked at next, what it becomes at its period's end, and their invoices."""

import runpy
from pathlib import Path

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_EARLIER = runpy.run_path(str(Path(__file__).with_name("0027_payment_methods.py")))
_KINDS = runpy.run_path(str(Path(__file__).with_name("0026_holdings.py")))["_kinds"]
_define = runpy.run_path(str(Path(__file__).with_name("0022_credit_notes.py")))["define"]
_START, _CHANGE, _RENEWAL = "subscription_start", "subscription_change", "subscription_renewal"

_STARTED = """(status = 'incomplete'
        OR (anchor_on IS NOT NULL AND started_at IS NOT NULL AND price_version_id IS NOT NULL))"""
_NUMBERED = "(number IS NULL) = (status IN ('draft', 'void'))"

# The rules as they are from here on; what comes later goes on from these.
TOUCHED, SETS, WHOLE = _EARLIER["TOUCHED"], _EARLIER["SETS"], _EARLIER["WHOLE"]
LEDGER, PAYMENTS = _EARLIER["LEDGER"], _EARLIER["PAYMENTS"]
AGREEMENTS = _EARLIER["AGREEMENTS"] | {
    "what_runs_is_renewed": """SELECT u.public_id, u.status FROM touched_subscriptions JOIN subscriptions u USING (id)
        WHERE u.status IN ('active', 'past_due') AND (u.renews_at IS NULL) <> u.cancels_at_end""",
    "renewal_is_of_a_period": """SELECT i.public_id, i.period_starts_on::text
        FROM touched_invoices JOIN invoices i USING (id) WHERE i.kind = 'subscription_renewal' AND NOT EXISTS (
            SELECT FROM subscription_periods p WHERE p.subscription_id = i.subscription_id
            AND p.starts_on = i.period_starts_on AND p.ends_on = i.period_ends_on)""",
}
UNDER_WAY = _EARLIER["UNDER_WAY"] | {
    "renewal_is_not_late": """SELECT u.public_id, u.renews_at::text FROM subscriptions u
        WHERE u.renews_at < business_now() - interval '1 day'""",
}


def upgrade() -> None:
    # What runs is looked at first when its next period is announced, and what ended long ago at once. No index waits:
    # what was written before it has its instants in the same statement, of as many rows as there are subscriptions.
    # Servers that do not know of renewals never look at one; all that they write meets what is said again here.
    op.execute(f"""
    -- squawk-ignore-file require-concurrent-index-creation, ban-drop-constraint, constraint-missing-not-valid
    -- squawk-ignore-file require-concurrent-index-deletion, ban-drop-not-null
    ALTER TABLE subscriptions
        ADD COLUMN renews_at timestamptz,
        ADD COLUMN pending_tier_code text,
        ADD COLUMN cancels_at_end boolean NOT NULL DEFAULT false;
    UPDATE subscriptions u SET renews_at = n.ends_at - interval '7 days' FROM (
        SELECT subscription_id, max(ends_at) AS ends_at FROM subscription_periods GROUP BY subscription_id) n
     WHERE n.subscription_id = u.id AND u.status IN ('active', 'past_due');
    ALTER TABLE subscriptions DROP CONSTRAINT subscriptions_check,
        ADD CONSTRAINT subscriptions_check CHECK ({_STARTED}
            AND (renews_at IS NULL OR (status IN ('active', 'past_due') AND NOT cancels_at_end))
            AND (pending_tier_code IS NULL OR status IN ('active', 'past_due')));
    COMMENT ON COLUMN subscriptions.renews_at IS 'business time from which its next period wants something done';
    COMMENT ON COLUMN subscriptions.pending_tier_code IS 'the tier from the end of its period on';
    CREATE INDEX subscriptions_renews_idx ON subscriptions (renews_at, id) WHERE renews_at IS NOT NULL;
    ALTER TABLE invoices ALTER COLUMN quote_id DROP NOT NULL, DROP CONSTRAINT invoices_check1,
        ADD CONSTRAINT invoices_check1 CHECK ({_NUMBERED} AND (quote_id IS NULL) = (kind = '{_RENEWAL}'));
    DROP INDEX invoices_one_draft_idx;
    CREATE UNIQUE INDEX invoices_one_draft_idx ON invoices (subscription_id)
        WHERE status = 'draft' AND kind <> '{_RENEWAL}';
    CREATE UNIQUE INDEX invoices_one_renewal_idx ON invoices (subscription_id, period_starts_on)
        WHERE kind = '{_RENEWAL}' AND credited_amount < total_amount;
    """)  # noqa: S608 - of the kind named here
    _KINDS(_START, _CHANGE, _RENEWAL)
    _define(TOUCHED, SETS, {**LEDGER, **PAYMENTS, **AGREEMENTS}, UNDER_WAY, WHOLE)


def downgrade() -> None:
    _define(TOUCHED, SETS, {**LEDGER, **PAYMENTS, **_EARLIER["AGREEMENTS"]}, _EARLIER["UNDER_WAY"], WHOLE)
    _KINDS(_START, _CHANGE)
    op.execute(f"""
    DROP INDEX invoices_one_renewal_idx, invoices_one_draft_idx;
    CREATE UNIQUE INDEX invoices_one_draft_idx ON invoices (subscription_id) WHERE status = 'draft';
    ALTER TABLE invoices ALTER COLUMN quote_id SET NOT NULL, DROP CONSTRAINT invoices_check1,
        ADD CONSTRAINT invoices_check1 CHECK ({_NUMBERED});
    DROP INDEX subscriptions_renews_idx;
    ALTER TABLE subscriptions DROP COLUMN renews_at, DROP COLUMN pending_tier_code, DROP COLUMN cancels_at_end,
        ADD CONSTRAINT subscriptions_check CHECK ({_STARTED});
    """)
