"""The tax in each invoice and credit note: what it was when it was issued, booked, and rounded once for a period."""

import runpy
from pathlib import Path

from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None

_EARLIER = runpy.run_path(str(Path(__file__).with_name("0022_credit_notes.py")))
_OF_THE_PERIOD = """o.subscription_id = i.subscription_id AND o.period_starts_on = i.period_starts_on
                AND o.tax_rate = i.tax_rate AND o.number IS NOT NULL"""

# The rules as they are from here on; what comes later goes on from these.
TOUCHED, SETS, WHOLE = _EARLIER["TOUCHED"], _EARLIER["SETS"], _EARLIER["WHOLE"]
LEDGER, PAYMENTS, UNDER_WAY = _EARLIER["LEDGER"], _EARLIER["PAYMENTS"], _EARLIER["UNDER_WAY"]
AGREEMENTS = _EARLIER["AGREEMENTS"] | {
    "credit_note_is_its_posting": _EARLIER["AGREEMENTS"]["credit_note_is_its_posting"].replace(
        "a.code = 'revenue'", "a.code IN ('revenue', 'tax_due')"
    ),
    "tax_is_booked": """SELECT d.number, d.tax || ' <> ' || b.tax FROM (
            SELECT i.number, 'invoice:' || i.id AS reference, i.tax_amount AS tax
                FROM touched_invoices JOIN invoices i USING (id) WHERE i.number IS NOT NULL
            UNION ALL SELECT c.number, 'credit_note:' || c.id, -c.tax_amount
                FROM touched_invoices v JOIN credit_notes c ON c.invoice_id = v.id) d
        CROSS JOIN LATERAL (SELECT coalesce(-sum(e.amount), 0) AS tax
            FROM ledger_postings p JOIN ledger_entries e ON e.posting_id = p.id
            JOIN ledger_accounts a ON a.id = e.account_id
            WHERE p.reference = d.reference AND a.code = 'tax_due') b
        WHERE d.tax <> b.tax""",
    "period_is_taxed_once": f"""SELECT i.number, s.tax || ' of ' || s.total || ' at ' || i.tax_rate
        FROM touched_invoices JOIN invoices i USING (id) CROSS JOIN LATERAL (
            SELECT sum(d.total) AS total, sum(d.tax) AS tax FROM (
                SELECT o.total_amount AS total, o.tax_amount AS tax FROM invoices o WHERE {_OF_THE_PERIOD}
                UNION ALL SELECT -c.total_amount, -c.tax_amount
                    FROM invoices o JOIN credit_notes c ON c.invoice_id = o.id WHERE {_OF_THE_PERIOD}) d) s
        WHERE i.number IS NOT NULL AND (i.tax_rate > 0 OR i.tax_amount > 0)
        AND abs(s.tax - s.total * i.tax_rate / (100 + i.tax_rate)) > 0.5""",  # noqa: S608 - of the text above
}


_SETTLED = """credit_amount + paid_amount + credited_open_amount <= total_amount
        AND credited_open_amount BETWEEN 0 AND credited_amount AND credited_amount <= total_amount
        AND credited_amount - credited_open_amount <= credit_amount + paid_amount"""
_TAX = "tax_amount BETWEEN 0 AND total_amount AND tax_rate BETWEEN 0 AND 99.99"


def upgrade() -> None:
    # What is dropped is said again under its name, with the tax: servers that do not know of it write none, as all rows
    # have that are there. To look through a million takes about a second.
    op.execute(f"""
    -- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
    ALTER TABLE invoices
        ADD COLUMN tax_rate numeric NOT NULL DEFAULT 0,
        ADD COLUMN tax_amount bigint NOT NULL DEFAULT 0,
        DROP CONSTRAINT invoices_check,
        ADD CONSTRAINT invoices_check CHECK ({_SETTLED} AND {_TAX});
    ALTER TABLE credit_notes
        ADD COLUMN tax_rate numeric NOT NULL DEFAULT 0,
        ADD COLUMN tax_amount bigint NOT NULL DEFAULT 0,
        ADD CONSTRAINT credit_notes_tax_check CHECK ({_TAX});
    COMMENT ON COLUMN invoices.tax_rate IS 'percent, as it was when the invoice was issued';
    COMMENT ON COLUMN credit_notes.tax_rate IS 'percent, as on its invoice';
    """)
    _EARLIER["define"](TOUCHED, SETS, {**LEDGER, **PAYMENTS, **AGREEMENTS}, UNDER_WAY, WHOLE)


def downgrade() -> None:
    _EARLIER["define"](TOUCHED, SETS, {**LEDGER, **PAYMENTS, **_EARLIER["AGREEMENTS"]}, UNDER_WAY, WHOLE)
    op.execute(f"""
    ALTER TABLE credit_notes DROP COLUMN tax_rate, DROP COLUMN tax_amount;
    ALTER TABLE invoices DROP COLUMN tax_rate, DROP COLUMN tax_amount,
        ADD CONSTRAINT invoices_check CHECK ({_SETTLED});
    """)
