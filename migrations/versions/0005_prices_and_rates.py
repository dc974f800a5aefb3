"""The price book by versions and the exchange rates, every one kept."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    CREATE TABLE price_versions (
        id uuid PRIMARY KEY,
        number integer NOT NULL UNIQUE,
        starts_at timestamptz NOT NULL UNIQUE,
        note text NOT NULL DEFAULT ''
    );
    CREATE TABLE prices (
        version_id uuid NOT NULL REFERENCES price_versions,
        code text NOT NULL,
        audience text NOT NULL CHECK (audience IN ('vendor', 'member')),
        amount bigint NOT NULL CHECK (amount >= 0),
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        is_tier boolean NOT NULL,
        product_limit integer CHECK (product_limit > 0),
        receives integer CHECK (receives >= 0),
        position integer NOT NULL,
        PRIMARY KEY (version_id, code, audience, currency)
    );
    CREATE TRIGGER prices_append_only BEFORE UPDATE OR DELETE ON prices
        FOR EACH ROW EXECUTE FUNCTION refuse_change();

    CREATE TABLE exchange_rates (
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$' AND currency <> 'EUR'),
        rate_on date NOT NULL,
        per_euro numeric NOT NULL CHECK (per_euro > 0 AND per_euro < 'Infinity'),
        source text NOT NULL,
        fetched_at timestamptz NOT NULL,
        PRIMARY KEY (currency, rate_on)
    );
    """)


def downgrade() -> None:
    op.execute("""
    DROP TABLE exchange_rates;
    DROP TABLE prices;
    DROP TABLE price_versions;
    """)
