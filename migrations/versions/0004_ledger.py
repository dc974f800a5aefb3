"""The double-entry ledger: balanced by a deferred trigger, append-only, guarded balances never below zero."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    CREATE TABLE ledger_accounts (
        id uuid PRIMARY KEY,
        code text NOT NULL,
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        owner_id uuid,
        is_guarded boolean NOT NULL DEFAULT false,
        balance bigint NOT NULL DEFAULT 0,
        UNIQUE NULLS NOT DISTINCT (code, currency, owner_id),
        UNIQUE (id, currency),
        CONSTRAINT ledger_accounts_guard_check CHECK (CASE WHEN is_guarded THEN balance >= 0 ELSE balance = 0 END)
    );
    COMMENT ON COLUMN ledger_accounts.balance IS 'what is owed to the owner; kept for guarded accounts only';

    CREATE TABLE ledger_postings (
        id uuid PRIMARY KEY,
        reference text NOT NULL UNIQUE,
        recipe text NOT NULL,
        occurred_at timestamptz NOT NULL,
        recorded_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    CREATE INDEX ledger_postings_recorded_idx ON ledger_postings (recorded_at);

    CREATE TABLE ledger_entries (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        posting_id uuid NOT NULL REFERENCES ledger_postings,
        account_id uuid NOT NULL,
        currency text NOT NULL,
        amount bigint NOT NULL CHECK (amount <> 0),
        FOREIGN KEY (account_id, currency) REFERENCES ledger_accounts (id, currency)
    );
    COMMENT ON COLUMN ledger_entries.amount IS 'minor units; a debit is positive, a credit negative';
    CREATE INDEX ledger_entries_posting_idx ON ledger_entries (posting_id);
    CREATE INDEX ledger_entries_account_idx ON ledger_entries (account_id, id);

    CREATE FUNCTION check_posting_of_entry() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM ledger_entries WHERE posting_id = NEW.posting_id
                   GROUP BY currency HAVING sum(amount) <> 0) THEN
            RAISE EXCEPTION 'posting % does not balance', NEW.posting_id USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$;
    CREATE FUNCTION check_posting_is_whole() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF (SELECT count(*) FROM ledger_entries WHERE posting_id = NEW.id) < 2 THEN
            RAISE EXCEPTION 'posting % has fewer than two entries', NEW.id USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
    END $$;
    CREATE CONSTRAINT TRIGGER ledger_postings_whole AFTER INSERT ON ledger_postings
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_posting_is_whole();
    CREATE CONSTRAINT TRIGGER ledger_entries_balanced AFTER INSERT ON ledger_entries
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION check_posting_of_entry();

    CREATE FUNCTION keep_guarded_balance() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE ledger_accounts SET balance = balance - NEW.amount WHERE id = NEW.account_id AND is_guarded;
        RETURN NULL;
    END $$;
    CREATE TRIGGER ledger_entries_guarded AFTER INSERT ON ledger_entries
        FOR EACH ROW EXECUTE FUNCTION keep_guarded_balance();

    CREATE TRIGGER ledger_entries_append_only BEFORE UPDATE OR DELETE ON ledger_entries
        FOR EACH ROW EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER ledger_entries_no_truncate BEFORE TRUNCATE ON ledger_entries EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER ledger_postings_append_only BEFORE UPDATE OR DELETE ON ledger_postings
        FOR EACH ROW EXECUTE FUNCTION refuse_change();
    CREATE TRIGGER ledger_postings_no_truncate BEFORE TRUNCATE ON ledger_postings EXECUTE FUNCTION refuse_change();
    """)


def downgrade() -> None:
    op.execute("""
    DROP TABLE ledger_entries;
    DROP TABLE ledger_postings;
    DROP TABLE ledger_accounts;
    DROP FUNCTION keep_guarded_balance();
    DROP FUNCTION check_posting_of_entry();
    DROP FUNCTION check_posting_is_whole();
    """)
