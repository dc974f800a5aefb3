"""The rules of the books, each asked of what was written since an instant; the view asks them of everything."""

import runpy
from pathlib import Path

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

# Whatever a row that was written can put out of order: the row itself and what its rules compare it with.
TOUCHED = {
    "touched_postings": "SELECT id, reference, recipe FROM ledger_postings WHERE recorded_at >= since",
    "touched_accounts": """SELECT id FROM ledger_accounts WHERE touched_at >= since
        UNION SELECT e.account_id FROM touched_postings p JOIN ledger_entries e ON e.posting_id = p.id""",
    "named": """SELECT split_part(reference, ':', 1) AS what, split_part(reference, ':', 2)::uuid AS id
        FROM touched_postings WHERE reference ~ '^[a-z_]+:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'""",
    "touched_attempts": """SELECT id FROM payment_attempts WHERE touched_at >= since
        UNION SELECT id FROM named WHERE what = 'payment'
        UNION SELECT attempt_id FROM payment_refunds WHERE touched_at >= since""",
    "touched_sessions": """SELECT id FROM payment_sessions WHERE touched_at >= since
        UNION SELECT t.session_id FROM touched_attempts JOIN payment_attempts t USING (id)
        UNION SELECT session_id FROM membership_transactions WHERE touched_at >= since AND session_id IS NOT NULL""",
    "touched_invoices": """SELECT id FROM invoices WHERE touched_at >= since
        UNION SELECT id FROM named WHERE what IN ('invoice', 'credit_used')
        UNION SELECT t.invoice_id FROM touched_attempts JOIN payment_attempts t USING (id)""",
    "touched_subscriptions": """SELECT id FROM subscriptions WHERE touched_at >= since
        UNION SELECT subscription_id FROM subscription_periods WHERE touched_at >= since
        UNION SELECT i.subscription_id FROM touched_invoices JOIN invoices i USING (id)
        UNION SELECT s.subscription_id FROM touched_sessions JOIN payment_sessions s USING (id)""",
    "touched_entitlements": """SELECT business_id FROM business_entitlements WHERE touched_at >= since
        UNION SELECT c.business_id FROM touched_subscriptions JOIN subscriptions u USING (id)
            JOIN customers c ON c.id = u.customer_id WHERE c.business_id IS NOT NULL""",
}

# Each gives what breaks it: a subject that a person can look up, and the figures.
LEDGER = {
    "posting_balances": """SELECT p.reference, coalesce(sum(e.amount)::text, 'no entries')
        FROM touched_postings p LEFT JOIN ledger_entries e ON e.posting_id = p.id
        GROUP BY p.id, p.reference, e.currency HAVING coalesce(sum(e.amount), 1) <> 0""",
    "posting_has_two_entries": """SELECT p.reference, count(e.id)::text
        FROM touched_postings p LEFT JOIN ledger_entries e ON e.posting_id = p.id
        GROUP BY p.id, p.reference HAVING count(e.id) < 2""",
    "guarded_balance_is_its_entries": """SELECT a.code || ':' || a.owner_id,
            a.balance || ' <> ' || coalesce(-sum(e.amount), 0)
        FROM touched_accounts JOIN ledger_accounts a USING (id) LEFT JOIN ledger_entries e ON e.account_id = a.id
        WHERE a.is_guarded GROUP BY a.id HAVING a.balance <> coalesce(-sum(e.amount), 0)""",
    "entry_currency_is_its_accounts": """SELECT e.id::text, e.currency || ' <> ' || a.currency
        FROM touched_postings p JOIN ledger_entries e ON e.posting_id = p.id
        JOIN ledger_accounts a ON a.id = e.account_id WHERE a.currency <> e.currency""",
    "capture_has_its_posting": """SELECT t.order_number, t.captured_amount || ' ' || t.captured_currency
        FROM touched_attempts JOIN payment_attempts t USING (id)
        WHERE t.captured_amount IS NOT NULL AND NOT EXISTS (
            SELECT FROM ledger_postings p JOIN ledger_entries e ON e.posting_id = p.id
            JOIN ledger_accounts a ON a.id = e.account_id
            WHERE p.reference = 'payment:' || t.id AND a.code = 'clearing:' || t.provider
            AND e.amount = t.captured_amount AND e.currency = t.captured_currency)""",
    "capture_posting_has_its_capture": """SELECT p.reference, p.recipe FROM touched_postings p
        WHERE p.reference LIKE 'payment:%' AND NOT EXISTS (SELECT FROM named n JOIN payment_attempts t USING (id)
            WHERE p.reference = 'payment:' || n.id AND t.captured_amount IS NOT NULL)""",
}
PAYMENTS = {
    "capture_has_its_audit_row": """SELECT t.order_number, t.disposition
        FROM touched_attempts JOIN payment_attempts t USING (id) JOIN payment_sessions s ON s.id = t.session_id
        WHERE t.captured_amount IS NOT NULL AND NOT EXISTS (
            SELECT FROM audit_log l WHERE l.subject = s.public_id AND l.action LIKE 'payment.%')""",
    "refunds_within_capture": """SELECT t.order_number, t.refund_amount || ' <> ' || coalesce(sum(r.amount), 0)
        FROM touched_attempts JOIN payment_attempts t USING (id)
        LEFT JOIN payment_refunds r ON r.attempt_id = t.id AND r.status NOT IN ('declined', 'failed')
        GROUP BY t.id
        HAVING t.refund_amount <> coalesce(sum(r.amount), 0) OR t.refund_amount > coalesce(t.captured_amount, 0)""",
    "two_people_refund": """SELECT refund_number, approved_by::text FROM payment_refunds
        WHERE touched_at >= since AND approved_by = requested_by""",
    "held_money_has_its_refund": """SELECT t.order_number, t.captured_amount::text
        FROM touched_attempts JOIN payment_attempts t USING (id) WHERE t.disposition = 'held'
        AND NOT EXISTS (SELECT FROM payment_refunds r WHERE r.attempt_id = t.id)""",
    "session_paid_with_money": """SELECT s.public_id, s.status
        FROM touched_sessions JOIN payment_sessions s USING (id) WHERE s.status = 'paid'
        AND NOT EXISTS (SELECT FROM payment_attempts t WHERE t.session_id = s.id AND t.status = 'succeeded')""",
    "money_shows_in_session": """SELECT s.public_id, s.status
        FROM touched_sessions JOIN payment_sessions s USING (id) JOIN payment_attempts t ON t.session_id = s.id
        WHERE t.status = 'succeeded' AND s.status NOT IN ('paid', 'review')""",
    "transaction_follows_session": """SELECT x.public_id, x.status || ' / ' || s.status
        FROM touched_sessions JOIN payment_sessions s USING (id) JOIN membership_transactions x ON x.session_id = s.id
        WHERE (x.status IN ('completed', 'refunded')) <> (s.status = 'paid')""",
    "transaction_ends_with_its_session": """SELECT x.public_id, s.status
        FROM touched_sessions JOIN payment_sessions s USING (id) JOIN membership_transactions x ON x.session_id = s.id
        WHERE x.status = 'pending' AND s.status NOT IN ('created', 'open', 'processing')""",
    "owners_agree": """SELECT s.public_id, 'session and subscription'
            FROM touched_sessions JOIN payment_sessions s USING (id) JOIN subscriptions u ON u.id = s.subscription_id
            JOIN invoices i ON i.id = s.invoice_id
            WHERE u.customer_id <> s.customer_id OR i.subscription_id <> s.subscription_id
        UNION ALL SELECT x.public_id, 'transaction and session'
            FROM touched_sessions JOIN payment_sessions s USING (id)
            JOIN membership_transactions x ON x.session_id = s.id WHERE x.invoice_id <> s.invoice_id
        UNION ALL SELECT i.public_id, 'invoice and quote'
            FROM touched_invoices JOIN invoices i USING (id) JOIN quotes q ON q.id = i.quote_id
            WHERE (q.customer_id, q.subscription_id) <> (i.customer_id, i.subscription_id)
        UNION ALL SELECT r.public_id, 'refund and attempt' FROM payment_refunds r
            JOIN payment_attempts t ON t.id = r.attempt_id WHERE r.touched_at >= since AND t.session_id <> r.session_id
        UNION ALL SELECT u.public_id, 'period and invoice'
            FROM touched_subscriptions JOIN subscriptions u USING (id)
            JOIN subscription_periods p ON p.subscription_id = u.id JOIN invoices i ON i.id = p.invoice_id
            WHERE i.subscription_id <> u.id
        UNION ALL SELECT a.code || ':' || a.owner_id, 'account and customer'
            FROM touched_accounts JOIN ledger_accounts a USING (id) WHERE a.code = 'customer_credit'
            AND NOT EXISTS (SELECT FROM customers c WHERE c.id = a.owner_id)""",
}
AGREEMENTS = {
    "invoice_is_its_lines": """SELECT i.public_id, i.total_amount || ' <> ' || coalesce(sum(l.amount), 0)
        FROM touched_invoices JOIN invoices i USING (id) LEFT JOIN invoice_lines l ON l.invoice_id = i.id
        GROUP BY i.id HAVING i.total_amount <> coalesce(sum(l.amount), 0)""",
    "invoice_payments_are_booked": """SELECT i.number, i.paid_amount || ' <> ' || coalesce(sum(s.amount), 0)
        FROM touched_invoices JOIN invoices i USING (id)
        LEFT JOIN payment_attempts t ON t.invoice_id = i.id AND t.disposition = 'applied'
        LEFT JOIN payment_sessions s ON s.id = t.session_id
        GROUP BY i.id HAVING i.paid_amount <> coalesce(sum(s.amount), 0)""",
    "invoice_is_its_postings": """SELECT i.public_id, coalesce(owed.booked, 0) || ' <> ' || i.status
            || ' ' || i.total_amount || ' - ' || i.credit_amount || ' - ' || i.paid_amount
        FROM touched_invoices JOIN invoices i USING (id) LEFT JOIN (
            SELECT r.id, sum(e.amount) AS booked FROM (
                SELECT id, 'invoice:' || id AS reference FROM touched_invoices
                UNION ALL SELECT id, 'credit_used:' || id FROM touched_invoices
                UNION ALL SELECT v.id, 'payment:' || t.id
                    FROM touched_invoices v JOIN payment_attempts t ON t.invoice_id = v.id) r
            JOIN ledger_postings p USING (reference) JOIN ledger_entries e ON e.posting_id = p.id
            JOIN ledger_accounts a ON a.id = e.account_id WHERE a.code = 'receivable' GROUP BY r.id
        ) owed ON owed.id = i.id
        WHERE coalesce(owed.booked, 0) <> CASE WHEN i.number IS NULL THEN 0
            ELSE i.total_amount - i.credit_amount - i.paid_amount END""",
    "numbers_are_gapless": """SELECT i.number, 'nothing before it'
            FROM touched_invoices JOIN invoices i USING (id) CROSS JOIN LATERAL (SELECT
                split_part(i.number, '-', 2)::integer AS year, split_part(i.number, '-', 3)::bigint - 1 AS number) b
            WHERE b.number > 0 AND NOT EXISTS (SELECT FROM invoices WHERE number = invoice_number(b.year, b.number))
        UNION ALL SELECT series || ' ' || year, last_number || ' is not its last' FROM number_counters
            WHERE series = 'invoice' AND (
                NOT EXISTS (SELECT FROM invoices WHERE number = invoice_number(year, last_number))
                OR EXISTS (SELECT FROM invoices WHERE number = invoice_number(year, last_number + 1)))""",
    "periods_tile": """SELECT u.public_id, p.starts_on || ' after ' || coalesce(before.ends_on::text, 'nothing')
        FROM touched_subscriptions JOIN subscriptions u USING (id)
        JOIN subscription_periods p ON p.subscription_id = u.id LEFT JOIN subscription_periods before
            ON before.subscription_id = p.subscription_id AND before.number = p.number - 1
        WHERE p.number > 0 AND p.starts_at IS DISTINCT FROM before.ends_at""",
    "period_has_its_invoice": """SELECT u.public_id, p.starts_on || ' ' || i.status
        FROM touched_subscriptions JOIN subscriptions u USING (id)
        JOIN subscription_periods p ON p.subscription_id = u.id JOIN invoices i ON i.id = p.invoice_id
        WHERE i.number IS NULL OR (i.period_starts_on, i.period_ends_on) <> (p.starts_on, p.ends_on)""",
    "active_has_its_period": """SELECT u.public_id, u.status FROM touched_subscriptions JOIN subscriptions u USING (id)
        WHERE u.status = 'active'
        AND NOT EXISTS (SELECT FROM subscription_periods p WHERE p.subscription_id = u.id)""",
    "listed_is_entitled": """SELECT b.public_id, coalesce(u.status, 'no subscription')
        FROM touched_entitlements JOIN business_entitlements t USING (business_id)
        JOIN businesses b ON b.id = t.business_id JOIN customers c ON c.business_id = b.id
        LEFT JOIN subscriptions u ON u.customer_id = c.id AND u.status <> 'cancelled'
        WHERE t.is_listed <> (coalesce(u.status IN ('active', 'past_due'), false) AND u.mode = 'awake')""",
}
# These look at what is under way now; it is little, and indexed, however much there is of the rest.
UNDER_WAY = {
    "session_ends_in_time": """SELECT public_id, expires_at::text FROM payment_sessions
        WHERE status IN ('created', 'open', 'processing') AND expires_at < business_now() - interval '15 minutes'""",
    "job_is_not_late": """SELECT name || ':' || id, due_at::text FROM staged_jobs
            WHERE state = 'pending' AND due_at < business_now() - interval '5 minutes'
            AND coalesce(retry_at, created_at) < clock_timestamp() - interval '5 minutes'
        UNION ALL SELECT name || ':' || id, 'leased until ' || leased_until FROM staged_jobs
            WHERE state = 'leased' AND leased_until < clock_timestamp() - interval '5 minutes'""",
    "job_is_not_dead": "SELECT name || ':' || id, coalesce(last_error, '') FROM staged_jobs WHERE state = 'dead'",
    "unknown_is_asked_for": """SELECT t.order_number, t.status
        FROM payment_attempts t JOIN payment_sessions s ON s.id = t.session_id
        WHERE t.status IN ('created', 'submitted', 'pending', 'unknown', 'closing') AND s.status <> 'review'
        AND t.created_at < business_now() - interval '15 minutes'
        AND NOT EXISTS (SELECT FROM staged_jobs j WHERE j.state IN ('pending', 'leased')
            AND j.args ->> 'attempt_id' = t.id::text AND (j.due_at > business_now() - interval '15 minutes'
                OR j.created_at > clock_timestamp() - interval '15 minutes'))""",
    "event_has_its_outcome": """SELECT provider || ':' || event_id, received_at::text FROM payment_events
        WHERE status = 'received' AND received_at < clock_timestamp() - interval '10 minutes'""",
}
# Only the whole can say these: each adds up, or goes through, all there is.
WHOLE = {
    "ledger_sums_to_zero": """SELECT currency, sum(amount)::text
        FROM ledger_entries GROUP BY currency HAVING sum(amount) <> 0""",
    "receivable_is_open_invoices": """SELECT coalesce(l.currency, i.currency), l.owed || ' <> ' || i.open
        FROM (SELECT e.currency, sum(e.amount) AS owed
               FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id
               WHERE a.code = 'receivable' GROUP BY e.currency) l
        FULL JOIN (SELECT currency, sum(total_amount - credit_amount - paid_amount) AS open FROM invoices
               WHERE number IS NOT NULL GROUP BY currency) i ON i.currency = l.currency
        WHERE coalesce(l.owed, 0) <> coalesce(i.open, 0)""",
    "counters_are_their_rows": """SELECT c.public_id, c.transaction_count || ' ' || c.invoice_count FROM customers c
            LEFT JOIN (SELECT customer_id, count(*) AS rows FROM membership_transactions GROUP BY 1) x
                ON x.customer_id = c.id
            LEFT JOIN (SELECT customer_id, count(number) AS rows FROM invoices GROUP BY 1) i ON i.customer_id = c.id
            WHERE (c.transaction_count, c.invoice_count) <> (coalesce(x.rows, 0), coalesce(i.rows, 0))
        UNION ALL SELECT b.public_id, b.product_count || ' ' || b.hidden_product_count FROM businesses b
            LEFT JOIN (SELECT business_id, count(*) FILTER (WHERE NOT is_hidden) AS shown,
                count(*) FILTER (WHERE is_hidden) AS hidden FROM products GROUP BY 1) p ON p.business_id = b.id
            WHERE (b.product_count, b.hidden_product_count) <> (coalesce(p.shown, 0), coalesce(p.hidden, 0))""",
    "operator_has_its_audit_row": """SELECT public_id, operator_role FROM users u WHERE operator_role IS NOT NULL
        AND NOT EXISTS (SELECT FROM audit_log l WHERE l.subject = u.public_id AND l.action = 'operator.created')""",
}


def upgrade() -> None:
    sets = ", ".join(f"{name} AS ({query})" for name, query in TOUCHED.items())
    op.execute("""
    CREATE FUNCTION invoice_number(year integer, count bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
        SELECT format('INV-%s-%s', year, lpad(count::text, greatest(6, length(count::text)), '0'))
    $$;
    """)
    op.execute(f"""
    CREATE FUNCTION invariant_violations_since(since timestamptz) RETURNS TABLE (rule text, subject text, detail text)
        LANGUAGE sql STABLE AS $$ WITH {sets} {_united({**LEDGER, **PAYMENTS, **AGREEMENTS, **UNDER_WAY})} $$;
    CREATE OR REPLACE VIEW invariant_violations AS
        SELECT rule, subject, detail FROM invariant_violations_since('-infinity') UNION ALL {_united(WHOLE)};
    """)  # noqa: S608 - of the rules above


def _united(rules: dict[str, str]) -> str:
    return " UNION ALL ".join(
        f"SELECT '{name}'::text, subject, detail FROM ({query}) AS {name} (subject, detail)"  # noqa: S608 - the same
        for name, query in rules.items()
    )


def downgrade() -> None:
    op.execute("DROP VIEW invariant_violations; DROP FUNCTION invariant_violations_since(timestamptz);")
    op.execute("DROP FUNCTION invoice_number(integer, bigint);")
    runpy.run_path(str(Path(__file__).with_name("0009_invariants.py")))["upgrade"]()
