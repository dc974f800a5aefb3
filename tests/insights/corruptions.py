"""One corruption of the books for each rule, as SQL: put in behind the product's back, with triggers off."""

_UNCAUGHT = (
    "captured_amount = NULL, captured_currency = NULL, captured_at = NULL, disposition = NULL, "
    "provider_transaction_id = NULL"
)
_DUNNED = (
    "INSERT INTO dunning_cases (invoice_id, subscription_id, status, started_at, step, is_charged, is_awaited, "
    "next_at) SELECT id, subscription_id, 'running', now(), 0, false, false, now() "
    "FROM invoices WHERE number IS NOT NULL"
)
LEDGER = {
    "ledger_sums_to_zero": "INSERT INTO ledger_entries (posting_id, account_id, currency, amount) "
    "SELECT posting_id, account_id, currency, 5 FROM ledger_entries LIMIT 1",
    "posting_balances": "UPDATE ledger_entries SET amount = amount + 1 WHERE id = (SELECT min(id) FROM ledger_entries)",
    "posting_has_two_entries": "DELETE FROM ledger_entries",
    "guarded_balance_is_its_entries": "INSERT INTO ledger_accounts (id, code, currency, owner_id, is_guarded, balance) "
    "VALUES (gen_random_uuid(), 'customer_credit', 'GBP', gen_random_uuid(), true, 7)",
    "entry_currency_is_its_accounts": "UPDATE ledger_entries SET currency = 'HKD'",
    "capture_has_its_posting": "UPDATE payment_attempts SET captured_amount = captured_amount + 1",
    "capture_posting_has_its_capture": "UPDATE ledger_postings SET reference = 'payment:' || gen_random_uuid() "
    "WHERE reference LIKE 'payment:%'",
}
PAYMENTS = {
    "capture_has_its_audit_row": "DELETE FROM audit_log",
    "refunds_within_capture": "UPDATE payment_attempts SET refund_amount = 1",
    "two_people_refund": "ALTER TABLE payment_refunds DROP CONSTRAINT payment_refunds_two_people_check; "
    "INSERT INTO payment_refunds (id, public_id, customer_id, attempt_id, session_id, refund_number, amount, currency, "
    "reason, status, requested_by, approved_by, created_at) SELECT gen_random_uuid(), 're', s.customer_id, t.id, s.id, "
    "'RF', 1, 'CNY', 'paid_twice', 'approved', u.id, u.id, now() "
    "FROM payment_attempts t JOIN payment_sessions s ON s.id = t.session_id CROSS JOIN users u LIMIT 1",
    "held_money_has_its_refund": "UPDATE payment_attempts SET disposition = 'held'",
    "session_paid_with_money": "UPDATE payment_attempts SET status = 'closed', " + _UNCAUGHT,  # noqa: S608
    "money_shows_in_session": "UPDATE payment_sessions SET status = 'expired'",
    "transaction_follows_session": "UPDATE membership_transactions SET status = 'failed'",
    "transaction_ends_with_its_session": "UPDATE membership_transactions SET status = 'pending'",
    "owners_agree": "UPDATE quotes SET customer_id = gen_random_uuid()",
}
AGREEMENTS = {
    "invoice_is_its_lines": "UPDATE invoice_lines SET amount = amount + 1",
    "invoice_payments_are_booked": "UPDATE invoices SET paid_amount = paid_amount - 1, "
    "credit_amount = credit_amount + 1",
    "invoice_is_its_postings": "UPDATE ledger_postings SET reference = 'invoice:' || gen_random_uuid() "
    "WHERE reference LIKE 'invoice:%'",
    "carried_is_booked": "UPDATE invoices SET carried_amount = 1, credit_amount = credit_amount + 1, "
    "paid_amount = paid_amount - 1 WHERE paid_amount > 0",
    "receivable_is_open_invoices": "UPDATE ledger_entries SET amount = amount * 2 "
    "WHERE posting_id = (SELECT id FROM ledger_postings WHERE reference LIKE 'invoice:%')",
    "numbers_are_gapless": "UPDATE number_counters SET last_number = last_number + 1",
    "credit_note_is_its_lines": "UPDATE credit_note_lines SET amount = amount + 1",
    "credit_notes_are_counted": "UPDATE invoices SET credited_amount = credited_amount - 1 WHERE credited_amount > 0",
    "credit_note_is_its_posting": "UPDATE credit_notes SET open_amount = open_amount + 1, "
    "credit_amount = credit_amount - 1",
    "credit_note_is_its_customers": "UPDATE credit_notes SET currency = 'EUR'",
    "credit_note_numbers_are_gapless": "UPDATE credit_notes SET number = 'CN-2026-000009'",
    "tax_is_booked": "UPDATE invoices SET tax_amount = tax_amount + 1",
    "period_is_taxed_once": "UPDATE invoices SET tax_rate = 10",
    "periods_tile": "INSERT INTO subscription_periods (id, subscription_id, number, starts_on, ends_on, starts_at, "
    "ends_at, invoice_id) SELECT gen_random_uuid(), subscription_id, 1, starts_on + 90, ends_on + 90, "
    "starts_at + interval '90 days', ends_at + interval '90 days', invoice_id FROM subscription_periods",
    "period_has_its_invoice": "UPDATE subscription_periods SET ends_on = ends_on + 1",
    "period_is_invoiced_its_worth": "UPDATE period_holdings SET unit_amount = unit_amount + 1",
    "period_holds_what_is_agreed": "UPDATE subscriptions SET extra_branches = extra_branches + 1",
    "shown_branch_is_paid": "UPDATE subscriptions SET extra_branches = 0",
    "what_runs_is_renewed": "UPDATE subscriptions SET renews_at = NULL",
    "renewal_is_of_a_period": "UPDATE invoices SET kind = 'subscription_renewal', quote_id = NULL, "
    "period_ends_on = period_ends_on + 1 WHERE number IS NOT NULL",
    "overdue_is_dunned": "UPDATE subscriptions SET status = 'past_due'",
    "dunned_is_owed": _DUNNED,
    "active_has_its_period": "DELETE FROM subscription_periods",
    "listed_is_entitled": "UPDATE business_entitlements SET is_listed = false",
    "newest_are_hidden_after_a_grace": "UPDATE business_entitlements SET overage_policy = 'hide'",
    "counters_are_their_rows": "UPDATE customers SET transaction_count = transaction_count + 1",
    "operator_has_its_audit_row": "UPDATE users SET operator_role = 'admin', totp_secret = 'x'",
}
UNDER_WAY = {
    "job_is_not_dead": "UPDATE staged_jobs SET state = 'dead', leased_until = NULL",
    "job_is_not_late": "UPDATE staged_jobs SET state = 'pending', leased_until = NULL, retry_at = NULL, key = NULL, "
    "due_at = due_at - interval '1 day', created_at = created_at - interval '1 day'",
    "event_has_its_outcome": "INSERT INTO payment_events (id, provider, event_id, kind, body, status, received_at) "
    "VALUES (gen_random_uuid(), 'wechat_pay', 'E', 'K', '{}', 'received', clock_timestamp() - interval '1 hour')",
    "session_ends_in_time": "UPDATE payment_sessions SET status = 'open', created_at = created_at - interval '1 day', "
    "expires_at = expires_at - interval '1 day'",
    "renewal_is_not_late": "UPDATE subscriptions SET renews_at = business_now() - interval '2 days'",
    "grace_has_its_next_look": "WITH gone AS (DELETE FROM staged_jobs) INSERT INTO product_graces (id, "
    "subscription_id, status, started_at, ends_at) SELECT gen_random_uuid(), id, 'running', business_now(), "
    "business_now() + interval '7 days' FROM subscriptions",
    "method_is_asked_for": "INSERT INTO payment_methods (id, public_id, customer_id, provider, status, created_at, "
    "expires_at) SELECT gen_random_uuid(), 'pm', id, 'stripe', 'created', business_now() - interval '1 hour', "
    "business_now() FROM customers LIMIT 1",
    "dunning_has_its_next_step": _DUNNED,
    "unknown_is_asked_for": "WITH gone AS (DELETE FROM staged_jobs) "  # noqa: S608
    "UPDATE payment_attempts SET status = 'unknown', created_at = created_at - interval '1 day', " + _UNCAUGHT,
}
CORRUPTIONS = {**LEDGER, **PAYMENTS, **AGREEMENTS, **UNDER_WAY}
WHOLE_ONLY = {
    "ledger_sums_to_zero",
    "receivable_is_open_invoices",
    "counters_are_their_rows",
    "operator_has_its_audit_row",
}
"""Rules that add everything up; the check of every minute leaves them to the daily one."""
