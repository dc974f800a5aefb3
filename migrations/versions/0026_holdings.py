"""What a subscription holds of each period, day by day, and the law that says what it was invoiced for that."""

import runpy
from pathlib import Path

from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_EARLIER = runpy.run_path(str(Path(__file__).with_name("0024_tax.py")))
_define = runpy.run_path(str(Path(__file__).with_name("0022_credit_notes.py")))["define"]
_START, _CHANGE = "subscription_start", "subscription_change"

# The rules as they are from here on; what comes later goes on from these.
TOUCHED, SETS = _EARLIER["TOUCHED"], _EARLIER["SETS"]
LEDGER, PAYMENTS, UNDER_WAY = _EARLIER["LEDGER"], _EARLIER["PAYMENTS"], _EARLIER["UNDER_WAY"]
AGREEMENTS = _EARLIER["AGREEMENTS"] | {
    "period_is_invoiced_its_worth": """SELECT u.public_id, p.starts_on || ' ' || coalesce(invoiced.amount, 0)
            || ' - ' || coalesce(credited.amount, 0) || ' <> ' || coalesce(held.worth, 0)
        FROM touched_subscriptions JOIN subscriptions u USING (id) JOIN subscription_periods p
            ON p.subscription_id = u.id
        CROSS JOIN LATERAL (SELECT half_even(sum(h.unit_amount * h.quantity * (p.ends_on - h.from_on))::bigint,
                p.ends_on - p.starts_on) AS worth FROM period_holdings h WHERE h.period_id = p.id) held
        CROSS JOIN LATERAL (SELECT sum(i.total_amount) AS amount FROM invoices i
            WHERE i.subscription_id = u.id AND i.period_starts_on = p.starts_on AND i.number IS NOT NULL) invoiced
        CROSS JOIN LATERAL (SELECT sum(c.total_amount) AS amount FROM credit_notes c
            WHERE c.period_id = p.id AND c.reason = 'change') credited
        WHERE coalesce(invoiced.amount, 0) - coalesce(credited.amount, 0) <> coalesce(held.worth, 0)""",
}
WHOLE = _EARLIER["WHOLE"]


def upgrade() -> None:
    op.execute("""
    CREATE FUNCTION half_even(dividend bigint, divisor bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS $$
        SELECT whole + CASE WHEN 2 * rest > divisor OR (2 * rest = divisor AND whole % 2 <> 0) THEN 1 ELSE 0 END
          FROM (SELECT floor(dividend::numeric / divisor)::bigint) AS a (whole),
               LATERAL (SELECT dividend - whole * divisor) AS b (rest)
    $$;
    ALTER TABLE subscription_periods ADD COLUMN rate_on date;
    COMMENT ON COLUMN subscription_periods.rate_on IS 'day of the rate of its prices, where they were converted';
    UPDATE subscription_periods p SET rate_on = (l.derivation ->> 'rate_on')::date
      FROM invoice_lines l WHERE l.invoice_id = p.invoice_id AND l.position = 1 AND l.derivation ? 'rate_on';
    CREATE TABLE period_holdings (
        id uuid PRIMARY KEY,
        period_id uuid NOT NULL REFERENCES subscription_periods,
        code text NOT NULL,
        quantity integer NOT NULL CHECK (quantity <> 0),
        unit_amount bigint NOT NULL CHECK (unit_amount >= 0),
        from_on date NOT NULL
    );
    COMMENT ON COLUMN period_holdings.quantity IS 'taken up, or below zero given up, to the period''s end';
    CREATE INDEX period_holdings_period_idx ON period_holdings (period_id);
    CREATE TRIGGER period_holdings_append_only BEFORE UPDATE OR DELETE ON period_holdings
        FOR EACH ROW EXECUTE FUNCTION refuse_change();
    INSERT INTO period_holdings (id, period_id, code, quantity, unit_amount, from_on)
        SELECT gen_random_uuid(), p.id, l.code, l.quantity, l.unit_amount, p.starts_on
          FROM subscription_periods p JOIN invoice_lines l ON l.invoice_id = p.invoice_id;
    -- squawk-ignore require-concurrent-index-creation
    CREATE INDEX invoices_period_idx ON invoices (subscription_id, period_starts_on) WHERE number IS NOT NULL;
    """)
    _kinds(_START, _CHANGE)
    _below_zero("<> 0", f"kind = '{_CHANGE}' OR total_amount >= 0", "greatest(total_amount, 0)")
    _define(TOUCHED, SETS, {**LEDGER, **PAYMENTS, **AGREEMENTS}, UNDER_WAY, WHOLE)


def _kinds(*names: str) -> None:
    """What is there is of one of the old kinds, so what is allowed becomes wider, never narrower."""
    allowed = ", ".join(f"'{name}'" for name in names)
    for table in ("quotes", "invoices"):
        op.execute(f"""
        -- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
        ALTER TABLE {table} DROP CONSTRAINT {table}_kind_check,
            ADD CONSTRAINT {table}_kind_check CHECK (kind IN ({allowed}));
        """)


def _below_zero(quantity: str, total: str, most_credit: str) -> None:
    """What a line counts, and what a quote comes to: below zero is what is given up, and what comes back."""
    op.execute(f"""
    -- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
    ALTER TABLE invoice_lines DROP CONSTRAINT invoice_lines_quantity_check,
        ADD CONSTRAINT invoice_lines_quantity_check CHECK (quantity {quantity});
    ALTER TABLE credit_note_lines DROP CONSTRAINT credit_note_lines_quantity_check,
        ADD CONSTRAINT credit_note_lines_quantity_check CHECK (quantity {quantity});
    ALTER TABLE quotes DROP CONSTRAINT quotes_total_amount_check, DROP CONSTRAINT quotes_check,
        ADD CONSTRAINT quotes_total_amount_check CHECK ({total}),
        ADD CONSTRAINT quotes_check CHECK (credit_amount BETWEEN 0 AND {most_credit});
    """)


def downgrade() -> None:
    _define(TOUCHED, SETS, {**LEDGER, **PAYMENTS, **_EARLIER["AGREEMENTS"]}, UNDER_WAY, WHOLE)
    _below_zero("> 0", "total_amount >= 0", "total_amount")
    _kinds(_START)
    op.execute("""
    DROP INDEX invoices_period_idx;
    DROP TABLE period_holdings;
    ALTER TABLE subscription_periods DROP COLUMN rate_on;
    DROP FUNCTION half_even(bigint, bigint);
    """)
