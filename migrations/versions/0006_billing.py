"""Customers, subscriptions, quotes and invoices, with what the database itself refuses about them."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    CREATE EXTENSION IF NOT EXISTS btree_gist;

    CREATE TABLE customers (
        id uuid PRIMARY KEY,
        public_id text NOT NULL UNIQUE,
        kind text NOT NULL CHECK (kind IN ('vendor', 'member')),
        business_id uuid UNIQUE REFERENCES businesses,
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        time_zone text NOT NULL,
        transaction_count integer NOT NULL DEFAULT 0,
        invoice_count integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL,
        CHECK ((kind = 'vendor') = (business_id IS NOT NULL))
    );

    CREATE TABLE subscriptions (
        id uuid PRIMARY KEY,
        public_id text NOT NULL UNIQUE,
        customer_id uuid NOT NULL REFERENCES customers,
        status text NOT NULL CHECK (status IN ('incomplete', 'active', 'past_due', 'suspended', 'cancelled')),
        mode text NOT NULL DEFAULT 'awake' CHECK (mode IN ('awake', 'hibernating')),
        tier_code text NOT NULL,
        extra_branches integer NOT NULL DEFAULT 0 CHECK (extra_branches >= 0),
        price_version_id uuid REFERENCES price_versions,
        version integer NOT NULL DEFAULT 1,
        anchor_on date,
        started_at timestamptz,
        created_at timestamptz NOT NULL,
        UNIQUE (id, customer_id),
        CHECK (status = 'incomplete'
               OR (anchor_on IS NOT NULL AND started_at IS NOT NULL AND price_version_id IS NOT NULL))
    );
    CREATE UNIQUE INDEX subscriptions_one_live_idx ON subscriptions (customer_id) WHERE status <> 'cancelled';

    CREATE TABLE quotes (
        id uuid PRIMARY KEY,
        public_id text NOT NULL UNIQUE,
        customer_id uuid NOT NULL,
        subscription_id uuid NOT NULL,
        subscription_version integer NOT NULL,
        kind text NOT NULL CHECK (kind IN ('subscription_start')),
        terms jsonb NOT NULL,
        total_amount bigint NOT NULL CHECK (total_amount >= 0),
        credit_amount bigint NOT NULL CHECK (credit_amount BETWEEN 0 AND total_amount),
        currency text NOT NULL,
        quoted_on date NOT NULL,
        created_at timestamptz NOT NULL,
        FOREIGN KEY (subscription_id, customer_id) REFERENCES subscriptions (id, customer_id)
    );
    CREATE INDEX quotes_subscription_idx ON quotes (subscription_id, created_at);
    CREATE TRIGGER quotes_append_only BEFORE UPDATE OR DELETE ON quotes
        FOR EACH ROW EXECUTE FUNCTION refuse_change();

    CREATE TABLE invoices (
        id uuid PRIMARY KEY,
        public_id text NOT NULL UNIQUE,
        customer_id uuid NOT NULL,
        subscription_id uuid NOT NULL,
        subscription_version integer NOT NULL,
        quote_id uuid NOT NULL REFERENCES quotes,
        kind text NOT NULL CHECK (kind IN ('subscription_start')),
        status text NOT NULL CHECK (status IN ('draft', 'open', 'paid', 'void', 'uncollectible')),
        number text UNIQUE,
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        total_amount bigint NOT NULL CHECK (total_amount >= 0),
        credit_amount bigint NOT NULL DEFAULT 0 CHECK (credit_amount >= 0),
        paid_amount bigint NOT NULL DEFAULT 0 CHECK (paid_amount >= 0),
        period_starts_on date,
        period_ends_on date,
        seller jsonb,
        buyer jsonb,
        created_at timestamptz NOT NULL,
        issued_at timestamptz,
        due_on date,
        paid_at timestamptz,
        UNIQUE (id, customer_id),
        FOREIGN KEY (subscription_id, customer_id) REFERENCES subscriptions (id, customer_id),
        CHECK (credit_amount + paid_amount <= total_amount),
        CHECK ((number IS NULL) = (status IN ('draft', 'void'))),
        CHECK ((number IS NULL) = (issued_at IS NULL)),
        CHECK (status <> 'paid' OR credit_amount + paid_amount = total_amount),
        CHECK (number IS NOT NULL OR credit_amount + paid_amount = 0)
    );
    CREATE INDEX invoices_customer_idx ON invoices (customer_id, issued_at DESC, id DESC) WHERE number IS NOT NULL;
    CREATE UNIQUE INDEX invoices_one_draft_idx ON invoices (subscription_id) WHERE status = 'draft';

    CREATE TABLE invoice_lines (
        invoice_id uuid NOT NULL REFERENCES invoices,
        position integer NOT NULL,
        code text NOT NULL,
        quantity integer NOT NULL CHECK (quantity > 0),
        unit_amount bigint NOT NULL,
        amount bigint NOT NULL,
        derivation jsonb NOT NULL,
        PRIMARY KEY (invoice_id, position)
    );

    CREATE TABLE subscription_periods (
        id uuid PRIMARY KEY,
        subscription_id uuid NOT NULL REFERENCES subscriptions,
        number integer NOT NULL CHECK (number >= 0),
        starts_on date NOT NULL,
        ends_on date NOT NULL CHECK (ends_on > starts_on),
        starts_at timestamptz NOT NULL,
        ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
        invoice_id uuid NOT NULL REFERENCES invoices,
        UNIQUE (subscription_id, number),
        UNIQUE (subscription_id, starts_on),
        EXCLUDE USING gist (subscription_id WITH =, tstzrange(starts_at, ends_at) WITH &&)
    );

    CREATE TABLE number_counters (
        series text NOT NULL CHECK (series IN ('invoice', 'credit_note')),
        year integer NOT NULL,
        last_number integer NOT NULL CHECK (last_number > 0),
        PRIMARY KEY (series, year)
    );

    CREATE FUNCTION keep_issued_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'invoices are never deleted' USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.status = 'void' THEN
            RAISE EXCEPTION 'a void draft stays void' USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.number IS NOT NULL
           AND (to_jsonb(OLD) - '{status,credit_amount,paid_amount,paid_at}'::text[])
               IS DISTINCT FROM (to_jsonb(NEW) - '{status,credit_amount,paid_amount,paid_at}'::text[]) THEN
            RAISE EXCEPTION 'invoice % is issued and immutable', OLD.number USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.number IS NULL AND NEW.number IS NOT NULL THEN
            UPDATE customers SET invoice_count = invoice_count + 1 WHERE id = NEW.customer_id;
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER invoices_immutable BEFORE UPDATE OR DELETE ON invoices
        FOR EACH ROW EXECUTE FUNCTION keep_issued_invoice();

    CREATE FUNCTION keep_invoice_lines() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' OR EXISTS (SELECT FROM invoices WHERE id = NEW.invoice_id AND number IS NOT NULL) THEN
            RAISE EXCEPTION 'lines of an invoice are written once, before it is issued'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER invoice_lines_immutable BEFORE INSERT OR UPDATE OR DELETE ON invoice_lines
        FOR EACH ROW EXECUTE FUNCTION keep_invoice_lines();
    """)


def downgrade() -> None:
    op.execute("""
    DROP TABLE number_counters;
    DROP TABLE subscription_periods;
    DROP TABLE invoice_lines;
    DROP TABLE invoices;
    DROP TABLE quotes;
    DROP TABLE subscriptions;
    DROP TABLE customers;
    DROP FUNCTION keep_issued_invoice();
    DROP FUNCTION keep_invoice_lines();
    """)
