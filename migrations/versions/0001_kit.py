"""Tables of the kit: business clock, staged jobs, domain events, heartbeats."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    CREATE TABLE business_clock (
        only_row boolean PRIMARY KEY DEFAULT true CHECK (only_row),
        ahead interval NOT NULL DEFAULT interval '0' CHECK (ahead >= interval '0')
    );
    INSERT INTO business_clock DEFAULT VALUES;

    CREATE FUNCTION business_now() RETURNS timestamptz LANGUAGE sql STABLE AS
        $$ SELECT transaction_timestamp() + ahead FROM business_clock $$;

    CREATE FUNCTION refuse_earlier_clock() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION 'business time only moves forward' USING ERRCODE = 'check_violation';
    END $$;
    CREATE TRIGGER business_clock_forward BEFORE UPDATE ON business_clock
        FOR EACH ROW WHEN (NEW.ahead < OLD.ahead) EXECUTE FUNCTION refuse_earlier_clock();

    CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END $$;

    CREATE TABLE staged_jobs (
        id uuid PRIMARY KEY,
        queue text NOT NULL CHECK (queue IN ('interactive', 'default', 'bulk')),
        name text NOT NULL,
        args jsonb NOT NULL DEFAULT '{}',
        key text,
        state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'leased', 'done', 'dead')),
        due_at timestamptz NOT NULL,
        retry_at timestamptz,
        attempts integer NOT NULL DEFAULT 0,
        leased_until timestamptz,
        last_error text,
        request_id text,
        created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        done_at timestamptz,
        CHECK ((state = 'leased') = (leased_until IS NOT NULL))
    );
    CREATE INDEX staged_jobs_due_idx ON staged_jobs (queue, due_at) WHERE state = 'pending';
    CREATE INDEX staged_jobs_leased_idx ON staged_jobs (leased_until) WHERE state = 'leased';
    CREATE INDEX staged_jobs_dead_idx ON staged_jobs (created_at) WHERE state = 'dead';
    CREATE INDEX staged_jobs_attempt_idx ON staged_jobs ((args ->> 'attempt_id')) WHERE state IN ('pending', 'leased');
    CREATE INDEX staged_jobs_name_idx ON staged_jobs (name, created_at);
    CREATE INDEX staged_jobs_done_idx ON staged_jobs (done_at) WHERE state = 'done';
    CREATE UNIQUE INDEX staged_jobs_key_idx ON staged_jobs (key) WHERE state = 'pending';

    CREATE TABLE domain_events (
        id uuid PRIMARY KEY,
        name text NOT NULL,
        subject text NOT NULL,
        facts jsonb NOT NULL,
        occurred_at timestamptz NOT NULL
    );
    CREATE INDEX domain_events_subject_idx ON domain_events (subject, occurred_at);
    CREATE TRIGGER domain_events_append_only BEFORE UPDATE OR DELETE ON domain_events
        FOR EACH ROW EXECUTE FUNCTION refuse_change();

    CREATE TABLE heartbeats (
        process text PRIMARY KEY,
        beat_at timestamptz NOT NULL DEFAULT clock_timestamp()
    );
    """)


def downgrade() -> None:
    op.execute("""
    DROP TABLE heartbeats;
    DROP TABLE domain_events;
    DROP TABLE staged_jobs;
    DROP FUNCTION business_now();
    DROP TABLE business_clock;
    DROP FUNCTION refuse_earlier_clock();
    DROP FUNCTION refuse_change();
    """)
