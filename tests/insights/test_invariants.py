"""What must always hold is seen when it does not: corruptions put in behind the product's back, one by one."""

import pytest
from sqlalchemy import text

from portal.insights import invariants
from portal.kit import edge
from portal.kit.db import db as session
from tests.support.everything import make_everything, pay_here

CORRUPTIONS = {
    "capture_has_its_posting": "UPDATE payment_attempts SET captured_amount = captured_amount + 1",
    "guarded_balance_is_its_entries": "INSERT INTO ledger_accounts (id, code, currency, owner_id, is_guarded, balance) "
    "VALUES (gen_random_uuid(), 'customer_credit', 'GBP', gen_random_uuid(), true, 7)",
    "invoice_payments_are_booked": "UPDATE invoices SET paid_amount = paid_amount - 1, "
    "credit_amount = credit_amount + 1",
    "numbers_are_gapless": "UPDATE number_counters SET last_number = last_number + 1",
    "transaction_follows_session": "UPDATE membership_transactions SET status = 'failed'",
    "transaction_ends_with_its_session": "UPDATE membership_transactions SET status = 'pending'",
    "money_shows_in_session": "UPDATE payment_sessions SET status = 'expired'",
    "active_has_its_period": "DELETE FROM subscription_periods",
    "listed_is_entitled": "UPDATE business_entitlements SET is_listed = false",
    "refunds_within_capture": "UPDATE payment_attempts SET refund_amount = 1",
    "job_is_not_dead": "UPDATE staged_jobs SET state = 'dead', leased_until = NULL",
    "job_is_not_late": "UPDATE staged_jobs SET state = 'pending', leased_until = NULL, retry_at = NULL, key = NULL, "
    "due_at = due_at - interval '1 day', created_at = created_at - interval '1 day'",
    "event_has_its_outcome": "INSERT INTO payment_events (id, provider, event_id, kind, body, status, received_at) "
    "VALUES (gen_random_uuid(), 'wechat_pay', 'E', 'K', '{}', 'received', clock_timestamp() - interval '1 hour')",
    "session_ends_in_time": "UPDATE payment_sessions SET status = 'open', created_at = created_at - interval '1 day', "
    "expires_at = expires_at - interval '1 day'",
    "unknown_is_asked_for": "WITH gone AS (DELETE FROM staged_jobs) UPDATE payment_attempts SET status = 'unknown', "
    "captured_amount = NULL, captured_currency = NULL, captured_at = NULL, disposition = NULL, "
    "provider_transaction_id = NULL, created_at = created_at - interval '1 day'",
}


@pytest.fixture
def _books(db: None) -> None:
    world = edge.write(make_everything)
    edge.write(lambda: pay_here(world))
    assert invariants.violations() == []


@pytest.mark.usefixtures("_books")
@pytest.mark.parametrize("rule", CORRUPTIONS)
def test_each_corruption_is_seen(rule: str) -> None:
    session.execute(text(CORRUPTIONS[rule]))
    assert rule in {violation.rule for violation in invariants.violations()}


@pytest.mark.usefixtures("_books")
def test_a_sound_audit_log_is_not_complained_of() -> None:
    assert invariants.broken_chain() == []
