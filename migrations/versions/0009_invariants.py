"""The view of broken invariants: each rule one SELECT, no rows when all is well."""

from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.execute("""
    CREATE VIEW invariant_violations AS
    SELECT 'ledger_sums_to_zero' AS rule, currency AS subject, sum(amount)::text AS detail
      FROM ledger_entries GROUP BY currency HAVING sum(amount) <> 0
    UNION ALL
    SELECT 'posting_balances', p.reference, coalesce(sum(e.amount)::text, 'no entries')
      FROM ledger_postings p LEFT JOIN ledger_entries e ON e.posting_id = p.id
     GROUP BY p.id, p.reference, e.currency HAVING coalesce(sum(e.amount), 1) <> 0
    UNION ALL
    SELECT 'posting_has_two_entries', p.reference, count(e.id)::text
      FROM ledger_postings p LEFT JOIN ledger_entries e ON e.posting_id = p.id
     GROUP BY p.id, p.reference HAVING count(e.id) < 2
    UNION ALL
    SELECT 'guarded_balance_is_its_entries', a.code || ':' || a.owner_id,
           a.balance || ' <> ' || coalesce(-sum(e.amount), 0)
      FROM ledger_accounts a LEFT JOIN ledger_entries e ON e.account_id = a.id
     WHERE a.is_guarded GROUP BY a.id HAVING a.balance <> coalesce(-sum(e.amount), 0)
    UNION ALL
    SELECT 'entry_currency_is_its_accounts', e.id::text, e.currency || ' <> ' || a.currency
      FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id WHERE a.currency <> e.currency
    UNION ALL
    SELECT 'capture_has_its_posting', t.order_number, t.captured_amount || ' ' || t.captured_currency
      FROM payment_attempts t
     WHERE t.captured_amount IS NOT NULL AND NOT EXISTS (
           SELECT FROM ledger_postings p JOIN ledger_entries e ON e.posting_id = p.id
             JOIN ledger_accounts a ON a.id = e.account_id
            WHERE p.reference = 'payment:' || t.id AND a.code = 'clearing:' || t.provider
              AND e.amount = t.captured_amount AND e.currency = t.captured_currency)
    UNION ALL
    SELECT 'capture_posting_has_its_capture', p.reference, p.recipe
      FROM ledger_postings p
     WHERE p.reference LIKE 'payment:%' AND NOT EXISTS (
           SELECT FROM payment_attempts t WHERE 'payment:' || t.id = p.reference AND t.captured_amount IS NOT NULL)
    UNION ALL
    SELECT 'refunds_within_capture', t.order_number, t.refund_amount || ' <> ' || coalesce(sum(r.amount), 0)
      FROM payment_attempts t
      LEFT JOIN payment_refunds r ON r.attempt_id = t.id AND r.status NOT IN ('declined', 'failed')
     GROUP BY t.id
    HAVING t.refund_amount <> coalesce(sum(r.amount), 0) OR t.refund_amount > coalesce(t.captured_amount, 0)
    UNION ALL
    SELECT 'two_people_refund', refund_number, approved_by::text FROM payment_refunds WHERE approved_by = requested_by
    UNION ALL
    SELECT 'held_money_has_its_refund', t.order_number, t.captured_amount::text
      FROM payment_attempts t
     WHERE t.disposition = 'held' AND NOT EXISTS (SELECT FROM payment_refunds r WHERE r.attempt_id = t.id)
    UNION ALL
    SELECT 'session_paid_with_money', s.public_id, s.status
      FROM payment_sessions s
     WHERE s.status = 'paid' AND NOT EXISTS (
           SELECT FROM payment_attempts t WHERE t.session_id = s.id AND t.status = 'succeeded')
    UNION ALL
    SELECT 'money_shows_in_session', s.public_id, s.status
      FROM payment_sessions s JOIN payment_attempts t ON t.session_id = s.id
     WHERE t.status = 'succeeded' AND s.status NOT IN ('paid', 'review')
    UNION ALL
    SELECT 'transaction_follows_session', x.public_id, x.status || ' / ' || s.status
      FROM membership_transactions x JOIN payment_sessions s ON s.id = x.session_id
     WHERE (x.status IN ('completed', 'refunded')) <> (s.status = 'paid')
    UNION ALL
    SELECT 'transaction_ends_with_its_session', x.public_id, s.status
      FROM membership_transactions x JOIN payment_sessions s ON s.id = x.session_id
     WHERE x.status = 'pending' AND s.status NOT IN ('created', 'open', 'processing')
    UNION ALL
    SELECT 'session_ends_in_time', public_id, expires_at::text
      FROM payment_sessions
     WHERE status IN ('created', 'open', 'processing') AND expires_at < business_now() - interval '15 minutes'
    UNION ALL
    SELECT 'invoice_is_its_lines', i.public_id, i.total_amount || ' <> ' || coalesce(sum(l.amount), 0)
      FROM invoices i LEFT JOIN invoice_lines l ON l.invoice_id = i.id
     GROUP BY i.id HAVING i.total_amount <> coalesce(sum(l.amount), 0)
    UNION ALL
    SELECT 'invoice_payments_are_booked', i.number, i.paid_amount || ' <> ' || coalesce(sum(s.amount), 0)
      FROM invoices i
      LEFT JOIN payment_attempts t ON t.invoice_id = i.id AND t.disposition = 'applied'
      LEFT JOIN payment_sessions s ON s.id = t.session_id
     GROUP BY i.id HAVING i.paid_amount <> coalesce(sum(s.amount), 0)
    UNION ALL
    SELECT 'receivable_is_open_invoices', r.currency, r.owed || ' <> ' || r.open
      FROM (SELECT c.currency,
                   coalesce((SELECT sum(e.amount) FROM ledger_entries e JOIN ledger_accounts a ON a.id = e.account_id
                              WHERE a.code = 'receivable' AND e.currency = c.currency), 0) AS owed,
                   coalesce((SELECT sum(total_amount - credit_amount - paid_amount) FROM invoices i
                              WHERE i.number IS NOT NULL AND i.currency = c.currency), 0) AS open
              FROM (SELECT DISTINCT currency FROM invoices) c) r
     WHERE r.owed <> r.open
    UNION ALL
    SELECT 'numbers_are_gapless', series, last_number || ' <> ' || counted
      FROM (SELECT n.series || ' ' || n.year AS series, n.last_number,
                   (SELECT count(*) FROM invoices i WHERE i.number LIKE 'INV-' || n.year || '-%') AS counted
              FROM number_counters n WHERE n.series = 'invoice') numbers
     WHERE last_number <> counted
    UNION ALL
    SELECT 'periods_tile', s.public_id, p.starts_on || ' after ' || before.ends_on
      FROM subscription_periods p JOIN subscription_periods before
        ON before.subscription_id = p.subscription_id AND before.number = p.number - 1
      JOIN subscriptions s ON s.id = p.subscription_id
     WHERE p.starts_at <> before.ends_at
    UNION ALL
    SELECT 'active_has_its_period', s.public_id, s.status
      FROM subscriptions s
     WHERE s.status = 'active' AND NOT EXISTS (SELECT FROM subscription_periods p WHERE p.subscription_id = s.id)
    UNION ALL
    SELECT 'owners_agree', s.public_id, 'session and subscription'
      FROM payment_sessions s JOIN subscriptions u ON u.id = s.subscription_id WHERE u.customer_id <> s.customer_id
    UNION ALL
    SELECT 'listed_is_entitled', b.public_id, coalesce(u.status, 'no subscription')
      FROM business_entitlements t JOIN businesses b ON b.id = t.business_id
      JOIN customers c ON c.business_id = b.id
      LEFT JOIN subscriptions u ON u.customer_id = c.id AND u.status <> 'cancelled'
     WHERE t.is_listed <> (coalesce(u.status IN ('active', 'past_due'), false) AND u.mode = 'awake')
    UNION ALL
    SELECT 'job_is_not_late', name || ':' || id, due_at::text
      FROM staged_jobs
     WHERE state = 'pending' AND due_at < business_now() - interval '5 minutes'
       AND coalesce(retry_at, created_at) < clock_timestamp() - interval '5 minutes'
        OR state = 'leased' AND leased_until < clock_timestamp() - interval '5 minutes'
    UNION ALL
    SELECT 'job_is_not_dead', name || ':' || id, coalesce(last_error, '') FROM staged_jobs WHERE state = 'dead'
    UNION ALL
    SELECT 'unknown_is_asked_for', order_number, status
      FROM payment_attempts t
     WHERE t.status IN ('created', 'submitted', 'pending', 'unknown', 'closing')
       AND t.created_at < business_now() - interval '15 minutes'
       AND NOT EXISTS (SELECT FROM staged_jobs j WHERE j.state IN ('pending', 'leased')
                          AND j.args ->> 'attempt_id' = t.id::text)
       AND NOT EXISTS (SELECT FROM payment_sessions s WHERE s.id = t.session_id AND s.status = 'review')
    UNION ALL
    SELECT 'event_has_its_outcome', provider || ':' || event_id, received_at::text
      FROM payment_events WHERE status = 'received' AND received_at < clock_timestamp() - interval '10 minutes';
    """)


def downgrade() -> None:
    op.execute("DROP VIEW invariant_violations;")
