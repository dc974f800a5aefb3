"""Renewals by the command line and by the floor leave the same rows behind, and sound books."""

from pathlib import Path

import psycopg
import pytest

from tests.benchmarks import renewing
from tests.benchmarks.place import Place
from tests.support.servers import Servers

NUMBER = 210
"""One of each kind of ``due.sql`` and some more."""
LEFT_BEHIND = (
    "SELECT subscription_id, kind, status, total_amount, credit_amount, tax_amount, period_starts_on, period_ends_on, "
    "due_on, buyer, seller, count(*) OVER () FROM invoices WHERE period_starts_on > current_date - 10 ORDER BY 1",
    "SELECT i.subscription_id, position, code, quantity, unit_amount, amount, derivation - '{rate,rate_on}'::text[] "
    "FROM invoice_lines l JOIN invoices i ON i.id = l.invoice_id ORDER BY 1, i.number, 2",
    "SELECT subscription_id, number, starts_on, ends_on, starts_at, ends_at, rate_on IS NULL FROM subscription_periods "
    "ORDER BY 1, 2",
    "SELECT p.subscription_id, p.number, code, quantity, unit_amount, from_on FROM period_holdings h "
    "JOIN subscription_periods p ON p.id = h.period_id ORDER BY 1, 2, 3",
    "SELECT recipe, a.code, a.owner_id, e.currency, amount, count(*) FROM ledger_entries e "
    "JOIN ledger_postings p ON p.id = e.posting_id JOIN ledger_accounts a ON a.id = e.account_id "
    "GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5",
    "SELECT customer_id, type, amount, cost_amount, currency, method, status, metadata FROM membership_transactions "
    "ORDER BY 1",
    "SELECT name, subject, facts - 'invoice_id' FROM domain_events ORDER BY 2",
    "SELECT queue, name, state, attempts, key, count(*) FROM staged_jobs GROUP BY 1, 2, 3, 4, 5",
    "SELECT id, renews_at, status, version FROM subscriptions ORDER BY 1",
    "SELECT id, invoice_count, transaction_count FROM customers ORDER BY 1",
    "SELECT series, year, last_number FROM number_counters ORDER BY 1, 2",
    "SELECT count(*), min(number), max(number) FROM invoices",
    "SELECT rule, subject, detail FROM invariant_violations",
)


@pytest.fixture
def place(servers: Servers, tmp_path: Path) -> Place:
    return Place(servers, tmp_path)


def seen(place: Place, monkeypatch: pytest.MonkeyPatch, run: object, template: str) -> list[list[tuple[object, ...]]]:
    """What a run leaves behind, table by table."""
    found: list[list[tuple[object, ...]]] = []

    def look(url: str) -> None:
        with psycopg.connect(url) as connection:
            found.extend(connection.execute(question).fetchall() for question in LEFT_BEHIND)

    monkeypatch.setattr(renewing, "_make_sure", look)
    assert callable(run)
    run(place, template)
    return found


def test_both_sides_leave_the_same_rows_and_sound_books(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with renewing.due(place, NUMBER) as template:
        ours = seen(place, monkeypatch, renewing.ours, template)
        floor = seen(place, monkeypatch, renewing.floor, template)
    for question, mine, theirs in zip(LEFT_BEHIND, ours, floor, strict=True):
        assert mine == theirs, question
    assert ours[-1] == []
    assert len(ours[0]) == NUMBER
