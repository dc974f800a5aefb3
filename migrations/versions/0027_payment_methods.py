"""Stored ways to pay: ids at the provider and what their holder knows them by, never a number."""

import runpy
from pathlib import Path

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

_EARLIER = runpy.run_path(str(Path(__file__).with_name("0026_holdings.py")))
TOUCHED, SETS, WHOLE = _EARLIER["TOUCHED"], _EARLIER["SETS"], _EARLIER["WHOLE"]
LEDGER, PAYMENTS, AGREEMENTS = _EARLIER["LEDGER"], _EARLIER["PAYMENTS"], _EARLIER["AGREEMENTS"]
UNDER_WAY = _EARLIER["UNDER_WAY"] | {
    "method_is_asked_for": """SELECT m.public_id, m.status FROM payment_methods m
        WHERE m.status IN ('created', 'open', 'removing') AND m.created_at < business_now() - interval '15 minutes'
        AND NOT EXISTS (SELECT FROM staged_jobs j WHERE j.state IN ('pending', 'leased')
            AND j.args ->> 'method_id' = m.id::text AND (j.due_at > business_now() - interval '15 minutes'
                OR j.created_at > clock_timestamp() - interval '15 minutes'))""",
}


def upgrade() -> None:
    op.execute("""
    CREATE TABLE payment_methods (
        id uuid PRIMARY KEY,
        public_id text NOT NULL UNIQUE,
        customer_id uuid NOT NULL REFERENCES customers,
        provider text NOT NULL,
        status text NOT NULL CHECK (status IN
            ('created', 'open', 'active', 'removing', 'removed', 'expired', 'failed')),
        provider_customer text,
        provider_setup text,
        provider_method text,
        setup_url text,
        brand text,
        last4 text CHECK (last4 ~ '^[0-9]{4}$'),
        exp_month integer CHECK (exp_month BETWEEN 1 AND 12),
        exp_year integer CHECK (exp_year BETWEEN 2000 AND 2199),
        is_default boolean NOT NULL DEFAULT false,
        asks integer NOT NULL DEFAULT 0,
        created_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL CHECK (expires_at > created_at),
        UNIQUE (id, customer_id),
        UNIQUE (provider, provider_setup),
        UNIQUE (provider, provider_method),
        CHECK ((provider_method IS NOT NULL) = (status IN ('active', 'removing', 'removed'))),
        CHECK (provider_method IS NULL OR (provider_customer IS NOT NULL AND brand IS NOT NULL AND last4 IS NOT NULL
            AND exp_month IS NOT NULL AND exp_year IS NOT NULL)),
        CHECK (status <> 'open' OR (provider_setup IS NOT NULL AND setup_url IS NOT NULL)),
        CHECK (status = 'active' OR NOT is_default)
    );
    COMMENT ON COLUMN payment_methods.expires_at IS 'when the provider''s page ends on which it is stored';
    CREATE INDEX payment_methods_customer_idx ON payment_methods (customer_id, created_at);
    CREATE UNIQUE INDEX payment_methods_one_default_idx ON payment_methods (customer_id) WHERE is_default;
    CREATE UNIQUE INDEX payment_methods_one_setup_idx ON payment_methods (customer_id)
        WHERE status IN ('created', 'open');
    CREATE INDEX payment_methods_under_way_idx ON payment_methods (created_at)
        WHERE status IN ('created', 'open', 'removing');
    """)
    _EARLIER["_define"](TOUCHED, SETS, {**LEDGER, **PAYMENTS, **AGREEMENTS}, UNDER_WAY, WHOLE)


def downgrade() -> None:
    _EARLIER["_define"](TOUCHED, SETS, {**LEDGER, **PAYMENTS, **AGREEMENTS}, _EARLIER["UNDER_WAY"], WHOLE)
    op.execute("DROP TABLE payment_methods;")
