"""When each row of the books was last written, so that they can be checked by what changed, and what checks found."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

TABLES = (
    "ledger_accounts",
    "subscriptions",
    "subscription_periods",
    "invoices",
    "payment_sessions",
    "payment_attempts",
    "membership_transactions",
    "payment_refunds",
    "business_entitlements",
)


def upgrade() -> None:
    # All rows get the same time here, and an index of a million equal values is built in about a second: that writers
    # wait so long, within their patience, is better than a step that could be left half done.
    op.execute("""
    -- squawk-ignore-file require-concurrent-index-creation
    CREATE FUNCTION note_touch() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        NEW.touched_at := clock_timestamp();
        RETURN NEW;
    END $$;
    """)
    for table in TABLES:
        # The default of the rows that are there is fixed once, so that no table is written anew.
        op.execute(f"""
        ALTER TABLE {table} ADD COLUMN touched_at timestamptz NOT NULL DEFAULT now();
        ALTER TABLE {table} ALTER COLUMN touched_at SET DEFAULT clock_timestamp();
        COMMENT ON COLUMN {table}.touched_at IS 'wall time of the last write';
        CREATE INDEX {table}_touched_idx ON {table} (touched_at);
        CREATE TRIGGER {table}_touched BEFORE UPDATE ON {table} FOR EACH ROW EXECUTE FUNCTION note_touch();
        """)
    op.execute("""
    CREATE INDEX payment_sessions_live_idx ON payment_sessions (expires_at)
        WHERE status IN ('created', 'open', 'processing');
    CREATE INDEX payment_attempts_invoice_idx ON payment_attempts (invoice_id);
    CREATE INDEX payment_attempts_unfinished_idx ON payment_attempts (created_at)
        WHERE status IN ('created', 'submitted', 'pending', 'unknown', 'closing');

    CREATE TABLE invariant_checks (
        name text PRIMARY KEY CHECK (name IN ('recent', 'whole')),
        since timestamptz NOT NULL,
        asked_at timestamptz NOT NULL
    );
    COMMENT ON COLUMN invariant_checks.since IS 'the watermark: the next check looks at rows written since then';

    CREATE TABLE invariant_findings (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        check_name text NOT NULL REFERENCES invariant_checks,
        rule text NOT NULL,
        subject text NOT NULL,
        detail text NOT NULL,
        found_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE INDEX invariant_findings_check_idx ON invariant_findings (check_name);
    """)


def downgrade() -> None:
    op.execute("DROP TABLE invariant_findings, invariant_checks;")
    op.execute("DROP INDEX payment_sessions_live_idx, payment_attempts_invoice_idx, payment_attempts_unfinished_idx;")
    for table in TABLES:
        op.execute(f"DROP TRIGGER {table}_touched ON {table}; ALTER TABLE {table} DROP COLUMN touched_at;")
    op.execute("DROP FUNCTION note_touch();")
