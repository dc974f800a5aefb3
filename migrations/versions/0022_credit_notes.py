"""Credit notes: numbered and immutable, each the sum of its lines, together never more than their invoice."""

import runpy
from pathlib import Path

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

Rules = dict[str, str]
_VERSIONS = Path(__file__).parent
_EARLIER = runpy.run_path(str(_VERSIONS / "0012_invariants_since.py"))
_SLICES = runpy.run_path(str(_VERSIONS / "0021_slices_and_lanes.py"))

# The rules as they are from here on; what comes later goes on from these.
TOUCHED = _EARLIER["TOUCHED"] | {
    "touched_invoices": f"""{_EARLIER["TOUCHED"]["touched_invoices"]}
        UNION SELECT c.invoice_id FROM named JOIN credit_notes c USING (id) WHERE what = 'credit_note'""",  # noqa: S608
}
SETS = _SLICES["SETS"]
LEDGER, PAYMENTS, UNDER_WAY = _EARLIER["LEDGER"], _EARLIER["PAYMENTS"], _EARLIER["UNDER_WAY"]
AGREEMENTS = _EARLIER["AGREEMENTS"] | {
    "invoice_is_its_postings": """SELECT i.public_id, coalesce(owed.booked, 0) || ' <> ' || i.status || ' '
            || i.total_amount || ' - ' || i.credit_amount || ' - ' || i.paid_amount || ' - ' || i.credited_open_amount
        FROM touched_invoices JOIN invoices i USING (id) LEFT JOIN (
            SELECT r.id, sum(e.amount) AS booked FROM (
                SELECT id, 'invoice:' || id AS reference FROM touched_invoices
                UNION ALL SELECT id, 'credit_used:' || id FROM touched_invoices
                UNION ALL SELECT v.id, 'payment:' || t.id
                    FROM touched_invoices v JOIN payment_attempts t ON t.invoice_id = v.id
                UNION ALL SELECT v.id, 'credit_note:' || c.id
                    FROM touched_invoices v JOIN credit_notes c ON c.invoice_id = v.id) r
            JOIN ledger_postings p USING (reference) JOIN ledger_entries e ON e.posting_id = p.id
            JOIN ledger_accounts a ON a.id = e.account_id WHERE a.code = 'receivable' GROUP BY r.id
        ) owed ON owed.id = i.id
        WHERE coalesce(owed.booked, 0) <> CASE WHEN i.number IS NULL THEN 0
            ELSE i.total_amount - i.credit_amount - i.paid_amount - i.credited_open_amount END""",
    "credit_note_is_its_lines": """SELECT c.number, c.total_amount || ' <> ' || coalesce(sum(l.amount), 0)
        FROM touched_invoices v JOIN credit_notes c ON c.invoice_id = v.id
        LEFT JOIN credit_note_lines l ON l.credit_note_id = c.id
        GROUP BY c.id HAVING c.total_amount <> coalesce(sum(l.amount), 0)""",
    "credit_notes_are_counted": """SELECT i.public_id, i.credited_amount || ' and ' || i.credited_open_amount
            || ' <> ' || coalesce(sum(c.total_amount), 0) || ' and ' || coalesce(sum(c.open_amount), 0)
        FROM touched_invoices JOIN invoices i USING (id) LEFT JOIN credit_notes c ON c.invoice_id = i.id
        GROUP BY i.id HAVING i.credited_amount <> coalesce(sum(c.total_amount), 0)
            OR i.credited_open_amount <> coalesce(sum(c.open_amount), 0)""",
    "credit_note_is_its_posting": """SELECT c.number, c.open_amount || ' and ' || c.credit_amount
                || ' <> ' || b.owed || ' and ' || b.credited || ' of ' || b.revenue
            FROM touched_invoices v JOIN credit_notes c ON c.invoice_id = v.id CROSS JOIN LATERAL (
                SELECT coalesce(sum(e.amount) FILTER (WHERE a.code = 'revenue'), 0) AS revenue,
                    coalesce(-sum(e.amount) FILTER (WHERE a.code = 'receivable'), 0) AS owed,
                    coalesce(-sum(e.amount) FILTER (WHERE a.code = 'customer_credit' AND a.owner_id = c.customer_id), 0)
                        AS credited
                FROM ledger_postings p JOIN ledger_entries e ON e.posting_id = p.id
                JOIN ledger_accounts a ON a.id = e.account_id
                WHERE p.reference = 'credit_note:' || c.id AND e.currency = c.currency) b
            WHERE (b.revenue, b.owed, b.credited) <> (c.total_amount, c.open_amount, c.credit_amount)
        UNION ALL SELECT p.reference, 'no credit note' FROM touched_postings p
            WHERE p.reference LIKE 'credit_note:%' AND NOT EXISTS (SELECT FROM named n JOIN credit_notes c USING (id)
                WHERE p.reference = 'credit_note:' || n.id)""",
    "credit_note_is_its_customers": """SELECT c.number, 'currency' FROM touched_invoices v JOIN invoices i USING (id)
            JOIN credit_notes c ON c.invoice_id = i.id WHERE c.currency <> i.currency
        UNION ALL SELECT c.number, 'period' FROM touched_invoices v JOIN invoices i USING (id)
            JOIN credit_notes c ON c.invoice_id = i.id JOIN subscription_periods p ON p.id = c.period_id
            WHERE p.subscription_id <> i.subscription_id""",
    "credit_note_numbers_are_gapless": """SELECT c.number, 'nothing before it'
            FROM touched_invoices v JOIN credit_notes c ON c.invoice_id = v.id CROSS JOIN LATERAL (SELECT
                split_part(c.number, '-', 2)::integer AS year, split_part(c.number, '-', 3)::bigint - 1 AS number) b
            WHERE b.number > 0
            AND NOT EXISTS (SELECT FROM credit_notes WHERE number = credit_note_number(b.year, b.number))
        UNION ALL SELECT series || ' ' || year, last_number || ' is not its last' FROM number_counters
            WHERE series = 'credit_note' AND (
                NOT EXISTS (SELECT FROM credit_notes WHERE number = credit_note_number(year, last_number))
                OR EXISTS (SELECT FROM credit_notes WHERE number = credit_note_number(year, last_number + 1)))""",
}
WHOLE = _EARLIER["WHOLE"] | {
    "receivable_is_open_invoices": _EARLIER["WHOLE"]["receivable_is_open_invoices"].replace(
        "- paid_amount)", "- paid_amount - credited_open_amount)"
    ),
    "counters_are_their_rows": f"""{_EARLIER["WHOLE"]["counters_are_their_rows"]}
        UNION ALL SELECT c.public_id, c.credit_note_count || ' credit notes' FROM customers c
            WHERE c.credit_note_count <> (SELECT count(*) FROM credit_notes n WHERE n.customer_id = c.id)""",  # noqa: S608
}


def upgrade() -> None:
    # What is dropped is said again under its name, with what credit notes may do: servers that do not know of them
    # write rows that meet both, as all rows do that are there. To look through a million takes about a second.
    op.execute("""
    -- squawk-ignore-file ban-drop-constraint, constraint-missing-not-valid
    ALTER TABLE customers ADD COLUMN credit_note_count integer NOT NULL DEFAULT 0;
    ALTER TABLE invoices
        ADD COLUMN credited_amount bigint NOT NULL DEFAULT 0,
        ADD COLUMN credited_open_amount bigint NOT NULL DEFAULT 0,
        DROP CONSTRAINT invoices_check,
        DROP CONSTRAINT invoices_check3,
        DROP CONSTRAINT invoices_check4,
        ADD CONSTRAINT invoices_check CHECK (
            credit_amount + paid_amount + credited_open_amount <= total_amount
            AND credited_open_amount BETWEEN 0 AND credited_amount AND credited_amount <= total_amount
            AND credited_amount - credited_open_amount <= credit_amount + paid_amount),
        ADD CONSTRAINT invoices_check3 CHECK (
            status <> 'paid' OR credit_amount + paid_amount + credited_open_amount = total_amount),
        ADD CONSTRAINT invoices_check4 CHECK (number IS NOT NULL OR credit_amount + paid_amount + credited_amount = 0);
    COMMENT ON COLUMN invoices.credited_amount IS 'what its credit notes come to';
    COMMENT ON COLUMN invoices.credited_open_amount IS 'the part of it that was still owed; the rest became credit';
    """)
    op.execute(_TABLES)
    op.execute(_keep_issued_invoice("status,credit_amount,paid_amount,paid_at,credited_amount,credited_open_amount"))
    define(TOUCHED, SETS, {**LEDGER, **PAYMENTS, **AGREEMENTS}, UNDER_WAY, WHOLE)


_TABLES = """
    CREATE TABLE credit_notes (
        id uuid PRIMARY KEY,
        public_id text NOT NULL UNIQUE,
        invoice_id uuid NOT NULL,
        customer_id uuid NOT NULL,
        period_id uuid REFERENCES subscription_periods,
        number text NOT NULL UNIQUE,
        reason text NOT NULL CHECK (reason IN ('change', 'undo', 'goodwill', 'lapsed')),
        currency text NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
        total_amount bigint NOT NULL CHECK (total_amount > 0),
        open_amount bigint NOT NULL CHECK (open_amount >= 0),
        credit_amount bigint NOT NULL CHECK (credit_amount >= 0),
        seller jsonb NOT NULL,
        buyer jsonb NOT NULL,
        issued_at timestamptz NOT NULL,
        issued_on date NOT NULL,
        FOREIGN KEY (invoice_id, customer_id) REFERENCES invoices (id, customer_id),
        CHECK (open_amount + credit_amount = total_amount)
    );
    COMMENT ON COLUMN credit_notes.open_amount IS 'what was still owed of it; the rest became credit';
    CREATE INDEX credit_notes_customer_idx ON credit_notes (customer_id, issued_at DESC, id DESC);
    CREATE INDEX credit_notes_invoice_idx ON credit_notes (invoice_id);
    CREATE INDEX credit_notes_period_idx ON credit_notes (period_id) WHERE period_id IS NOT NULL;

    CREATE TABLE credit_note_lines (
        credit_note_id uuid NOT NULL REFERENCES credit_notes DEFERRABLE INITIALLY DEFERRED,
        position integer NOT NULL,
        code text NOT NULL,
        quantity integer NOT NULL CHECK (quantity > 0),
        unit_amount bigint NOT NULL,
        amount bigint NOT NULL,
        derivation jsonb NOT NULL,
        PRIMARY KEY (credit_note_id, position)
    );

    CREATE FUNCTION keep_credit_note_lines() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP <> 'INSERT' OR EXISTS (SELECT FROM credit_notes WHERE id = NEW.credit_note_id) THEN
            RAISE EXCEPTION 'lines of a credit note are written once, before it is issued'
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER credit_note_lines_immutable BEFORE INSERT OR UPDATE OR DELETE ON credit_note_lines
        FOR EACH ROW EXECUTE FUNCTION keep_credit_note_lines();

    CREATE FUNCTION check_credit_note() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF NEW.total_amount IS DISTINCT FROM
           (SELECT sum(amount) FROM credit_note_lines WHERE credit_note_id = NEW.id) THEN
            RAISE EXCEPTION 'credit note % is not its lines', NEW.number USING ERRCODE = 'check_violation';
        END IF;
        IF (SELECT ROW (credited_amount, credited_open_amount) FROM invoices WHERE id = NEW.invoice_id) IS DISTINCT FROM
           (SELECT ROW (sum(total_amount)::bigint, sum(open_amount)::bigint)
              FROM credit_notes WHERE invoice_id = NEW.invoice_id) THEN
            RAISE EXCEPTION 'the invoice does not count credit note %', NEW.number USING ERRCODE = 'check_violation';
        END IF;
        UPDATE customers SET credit_note_count = credit_note_count + 1 WHERE id = NEW.customer_id;
        RETURN NULL;
    END $$;
    CREATE TRIGGER credit_notes_checked AFTER INSERT ON credit_notes
        FOR EACH ROW EXECUTE FUNCTION check_credit_note();
    CREATE TRIGGER credit_notes_append_only BEFORE UPDATE OR DELETE ON credit_notes
        FOR EACH ROW EXECUTE FUNCTION refuse_change();

    CREATE FUNCTION credit_note_number(year integer, count bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT format('CN-%s-%s', year, lpad(count::text, greatest(6, length(count::text)), '0'))
    $$;
"""


def _keep_issued_invoice(moving: str) -> str:
    """What of an issued invoice may still move; all else of it stays."""
    return f"""
    CREATE OR REPLACE FUNCTION keep_issued_invoice() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF TG_OP = 'DELETE' THEN
            RAISE EXCEPTION 'invoices are never deleted' USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.status = 'void' THEN
            RAISE EXCEPTION 'a void draft stays void' USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.number IS NOT NULL AND (to_jsonb(OLD) - '{{{moving}}}'::text[])
               IS DISTINCT FROM (to_jsonb(NEW) - '{{{moving}}}'::text[]) THEN
            RAISE EXCEPTION 'invoice % is issued and immutable', OLD.number USING ERRCODE = 'restrict_violation';
        END IF;
        IF OLD.number IS NULL AND NEW.number IS NOT NULL THEN
            UPDATE customers SET invoice_count = invoice_count + 1 WHERE id = NEW.customer_id;
        END IF;
        RETURN NEW;
    END $$;
    """  # noqa: S608 - of the columns named here


def define(touched: Rules, sets: Rules, written: Rules, under_way: Rules, whole: Rules) -> None:
    """Put these rules in the place of those there are: of what was written since, slice by slice, and of everything."""
    united = _EARLIER["_united"]
    by_key: str = united(written)
    for by_time, key in (("r.touched_at >= since", "r.id"), ("touched_at >= since", "id")):
        by_key = by_key.replace(by_time, f"{key} > above AND {key} <= up_to")
    since, slices = (", ".join(f"{name} AS ({rows})" for name, rows in found.items()) for found in (touched, sets))
    op.execute(f"""
    CREATE OR REPLACE FUNCTION invariant_violations_since(since timestamptz)
        RETURNS TABLE (rule text, subject text, detail text)
        LANGUAGE sql STABLE AS $$ WITH {since} {united({**written, **under_way})} $$;
    CREATE OR REPLACE FUNCTION invariant_violations_among(above uuid, up_to uuid)
        RETURNS TABLE (rule text, subject text, detail text)
        LANGUAGE sql STABLE SET enable_seqscan = off AS $$ WITH {slices} {by_key} $$;
    CREATE OR REPLACE VIEW invariant_violations AS
        SELECT rule, subject, detail FROM invariant_violations_since('-infinity') UNION ALL {united(whole)};
    """)  # noqa: S608 - of the rules above


def downgrade() -> None:
    written = {**LEDGER, **PAYMENTS, **_EARLIER["AGREEMENTS"]}
    define(_EARLIER["TOUCHED"], SETS, written, UNDER_WAY, _EARLIER["WHOLE"])
    op.execute(_keep_issued_invoice("status,credit_amount,paid_amount,paid_at"))
    op.execute("""
    DROP TABLE credit_note_lines, credit_notes;
    DROP FUNCTION keep_credit_note_lines(), check_credit_note(), credit_note_number(integer, bigint);
    ALTER TABLE customers DROP COLUMN credit_note_count;
    ALTER TABLE invoices
        DROP COLUMN credited_amount,
        DROP COLUMN credited_open_amount,
        ADD CONSTRAINT invoices_check CHECK (credit_amount + paid_amount <= total_amount),
        ADD CONSTRAINT invoices_check3 CHECK (status <> 'paid' OR credit_amount + paid_amount = total_amount),
        ADD CONSTRAINT invoices_check4 CHECK (number IS NOT NULL OR credit_amount + paid_amount = 0);
    """)
