"""Payment sessions, attempts, transactions, refunds, provider events and the conversation with providers."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    CREATE TABLE payment_sessions (
        id uuid PRIMARY KEY,
        public_id text NOT NULL UNIQUE,
        customer_id uuid NOT NULL,
        invoice_id uuid NOT NULL,
        subscription_id uuid NOT NULL REFERENCES subscriptions,
        subscription_version integer NOT NULL,
        provider text NOT NULL,
        status text NOT NULL CHECK (status IN
            ('created', 'open', 'processing', 'paid', 'expired', 'cancelled', 'failed', 'review')),
        amount bigint NOT NULL CHECK (amount > 0),
        currency text NOT NULL,
        settlement_amount bigint NOT NULL CHECK (settlement_amount > 0),
        settlement_currency text NOT NULL,
        rate numeric CHECK (rate > 0 AND rate < 'Infinity'),
        rate_on date,
        quoted_on date NOT NULL,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        watch_until timestamptz NOT NULL CHECK (watch_until > expires_at),
        ended_at timestamptz,
        paid_at timestamptz,
        paid_late_at timestamptz,
        failure text,
        UNIQUE (id, invoice_id),
        UNIQUE (id, customer_id),
        FOREIGN KEY (invoice_id, customer_id) REFERENCES invoices (id, customer_id),
        CHECK (expires_at <= created_at + interval '2 hours'),
        CHECK ((rate IS NULL) = (currency = settlement_currency)),
        CHECK ((rate IS NULL) = (rate_on IS NULL)),
        CHECK (status <> 'paid' OR paid_at IS NOT NULL),
        CHECK (paid_late_at IS NULL OR paid_at IS NOT NULL)
    );
    CREATE INDEX payment_sessions_invoice_idx ON payment_sessions (invoice_id);
    CREATE INDEX payment_sessions_customer_idx ON payment_sessions (customer_id, created_at DESC);
    CREATE INDEX payment_sessions_recent_idx ON payment_sessions (created_at DESC, id DESC);

    CREATE TABLE payment_attempts (
        id uuid PRIMARY KEY,
        session_id uuid NOT NULL,
        invoice_id uuid NOT NULL,
        provider text NOT NULL,
        order_number text NOT NULL,
        status text NOT NULL CHECK (status IN
            ('created', 'submitted', 'pending', 'unknown', 'closing', 'succeeded', 'declined', 'closed')),
        amount bigint NOT NULL CHECK (amount > 0),
        currency text NOT NULL,
        payable_until timestamptz NOT NULL,
        code_url text,
        asks integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL,
        provider_transaction_id text,
        captured_amount bigint CHECK (captured_amount > 0),
        captured_currency text,
        captured_at timestamptz,
        disposition text CHECK (disposition IN ('applied', 'credited', 'held', 'suspense')),
        refund_amount bigint NOT NULL DEFAULT 0 CHECK (refund_amount >= 0),
        FOREIGN KEY (session_id, invoice_id) REFERENCES payment_sessions (id, invoice_id),
        UNIQUE (provider, order_number),
        UNIQUE (provider, provider_transaction_id),
        CHECK ((captured_amount IS NULL) = (captured_at IS NULL)),
        CHECK ((captured_amount IS NULL) = (captured_currency IS NULL)),
        CHECK ((captured_amount IS NULL) = (disposition IS NULL)),
        CHECK ((captured_amount IS NULL) = (provider_transaction_id IS NULL)),
        CHECK ((captured_amount IS NULL) = (status <> 'succeeded')),
        CHECK (refund_amount <= coalesce(captured_amount, 0))
    );
    COMMENT ON COLUMN payment_attempts.refund_amount IS 'refunded and reserved for refunds; never above what was paid';
    CREATE UNIQUE INDEX payment_attempts_one_live_idx ON payment_attempts (invoice_id)
        WHERE status IN ('created', 'submitted', 'pending', 'unknown');
    CREATE INDEX payment_attempts_session_idx ON payment_attempts (session_id);
    CREATE INDEX payment_attempts_held_idx ON payment_attempts (captured_at)
        WHERE disposition IN ('held', 'suspense');

    CREATE TABLE membership_transactions (
        id uuid PRIMARY KEY,
        public_id text NOT NULL UNIQUE,
        order_id text NOT NULL UNIQUE,
        customer_id uuid NOT NULL,
        invoice_id uuid NOT NULL,
        session_id uuid,
        type text NOT NULL CHECK (type IN ('purchase_receives', 'plan_upgrade', 'plan_downgrade',
            'subscription_renewal', 'refund', 'subscription_start', 'subscription_change', 'branch_batch',
            'hibernation', 'prepayment')),
        amount bigint NOT NULL CHECK (amount >= 0),
        cost_amount bigint NOT NULL CHECK (cost_amount >= 0),
        currency text NOT NULL,
        method text NOT NULL,
        status text NOT NULL CHECK (status IN ('pending', 'completed', 'failed', 'cancelled', 'refunded')),
        error_message text,
        metadata jsonb NOT NULL DEFAULT '{}',
        created_at timestamptz NOT NULL,
        completed_at timestamptz,
        FOREIGN KEY (invoice_id, customer_id) REFERENCES invoices (id, customer_id),
        FOREIGN KEY (session_id, customer_id) REFERENCES payment_sessions (id, customer_id),
        CHECK (status <> 'completed' OR completed_at IS NOT NULL)
    );
    CREATE UNIQUE INDEX membership_transactions_session_idx ON membership_transactions (session_id);
    CREATE INDEX membership_transactions_customer_idx
        ON membership_transactions (customer_id, created_at DESC, id DESC);

    CREATE FUNCTION count_transactions() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        UPDATE customers SET transaction_count = transaction_count + 1 WHERE id = NEW.customer_id;
        RETURN NULL;
    END $$;
    CREATE TRIGGER membership_transactions_count AFTER INSERT ON membership_transactions
        FOR EACH ROW EXECUTE FUNCTION count_transactions();

    CREATE TABLE payment_refunds (
        id uuid PRIMARY KEY,
        public_id text NOT NULL UNIQUE,
        customer_id uuid NOT NULL,
        attempt_id uuid NOT NULL REFERENCES payment_attempts,
        session_id uuid NOT NULL,
        refund_number text NOT NULL UNIQUE,
        amount bigint NOT NULL CHECK (amount > 0),
        currency text NOT NULL,
        reason text NOT NULL CHECK (reason IN ('paid_twice', 'mismatch')),
        status text NOT NULL CHECK (status IN
            ('requested', 'approved', 'declined', 'submitted', 'succeeded', 'failed')),
        requested_by uuid REFERENCES users,
        approved_by uuid REFERENCES users,
        created_at timestamptz NOT NULL,
        FOREIGN KEY (session_id, customer_id) REFERENCES payment_sessions (id, customer_id),
        CONSTRAINT payment_refunds_two_people_check CHECK (approved_by <> requested_by)
    );
    CREATE INDEX payment_refunds_attempt_idx ON payment_refunds (attempt_id);
    CREATE INDEX payment_refunds_waiting_idx ON payment_refunds (created_at) WHERE status = 'requested';

    CREATE TABLE payment_events (
        id uuid PRIMARY KEY,
        provider text NOT NULL,
        event_id text NOT NULL,
        kind text NOT NULL,
        order_number text,
        body jsonb NOT NULL,
        status text NOT NULL CHECK (status IN ('received', 'applied', 'ignored', 'quarantined')),
        outcome text,
        received_at timestamptz NOT NULL DEFAULT clock_timestamp(),
        processed_at timestamptz,
        UNIQUE (provider, event_id)
    );
    CREATE INDEX payment_events_order_idx ON payment_events (provider, order_number);
    CREATE INDEX payment_events_waiting_idx ON payment_events (received_at) WHERE status = 'received';
    CREATE INDEX payment_events_quarantined_idx ON payment_events (received_at) WHERE status = 'quarantined';

    CREATE TABLE provider_calls (
        id uuid PRIMARY KEY,
        attempt_id uuid NOT NULL REFERENCES payment_attempts,
        operation text NOT NULL,
        result text NOT NULL,
        http_status integer,
        detail text NOT NULL DEFAULT '',
        milliseconds integer NOT NULL,
        times integer NOT NULL DEFAULT 1 CHECK (times > 0),
        called_at timestamptz NOT NULL,
        last_called_at timestamptz NOT NULL
    );
    COMMENT ON COLUMN provider_calls.times IS 'how often in a row the same question got the same answer';
    CREATE INDEX provider_calls_attempt_idx ON provider_calls (attempt_id, called_at);
    """)


def downgrade() -> None:
    op.execute("""
    DROP TABLE provider_calls;
    DROP TABLE payment_events;
    DROP TABLE payment_refunds;
    DROP TABLE membership_transactions;
    DROP FUNCTION count_transactions();
    DROP TABLE payment_attempts;
    DROP TABLE payment_sessions;
    """)
