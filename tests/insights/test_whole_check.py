"""The check of everything goes on slice by slice, whatever happens between two of them, and leaves nothing out."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from sqlalchemy import text

from portal.identity import audit
from portal.insights import invariants, whole_check
from portal.insights.whole_check import Place
from portal.kit import edge
from portal.kit.db import db as session
from tests.insights.test_invariants import corrupt, rules
from tests.support.everything import make_everything, pay_here
from worker.jobs import housekeeping

_PENDING = text("SELECT count(*) FROM staged_jobs WHERE name = :name AND state = 'pending'")
_TAKEN = text("DELETE FROM staged_jobs WHERE name = :name")
_ASKED_AT = text("SELECT asked_at FROM invariant_checks WHERE name = 'whole'")
_PLACE = text("SELECT part, after FROM invariant_check_under_way")


@pytest.fixture(autouse=True)
def _books(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The books of a shop that has paid, asked in slices of two rows."""
    world = edge.write(make_everything)
    edge.write(lambda: pay_here(world))
    edge.write(lambda: audit.seal(edge.now()))
    monkeypatch.setattr(whole_check, "_SLICE", 2)


def slices() -> list[Place]:
    """Ask everything; give where each slice began."""
    begun, place = list[Place](), Place()
    following: Place | None = place
    while following is not None:
        begun.append(following)
        following = whole_check.ask(following)[1]
    return begun


def go_on_to_the_end() -> set[str]:
    """Go on by one slice at a time; give the rules found broken."""
    found, is_over = set[str](), False
    while not is_over:
        seen, is_over = whole_check.go_on(0)
        found |= rules(seen)
    return found


def test_no_slice_has_more_rows_of_a_table_than_it_may() -> None:
    bounds = [UUID(place.after) for place in slices() if place.part == "rows" and place.after]
    assert bounds == sorted(set(bounds))
    for table in ("ledger_postings", "ledger_accounts", "invoices", "payment_sessions", "payment_attempts"):
        ids = session.scalars(text(f"SELECT id FROM {table}"))  # noqa: S608 - ours
        rows_of_slices = Counter(bisect_left(bounds, row) for row in ids)
        assert 0 < max(rows_of_slices.values()) <= 2, table


def test_a_slice_that_is_cut_off_is_asked_again_and_nothing_is_left_out(saw: Callable[[str], None]) -> None:
    corrupt("UPDATE payment_attempts SET refund_amount = 1")
    corrupt("UPDATE audit_log SET actor = 'usr_eve' WHERE seq = (SELECT max(seq) FROM audit_log)")
    found, is_over, cut = set[str](), False, 0
    while not is_over:
        before = session.execute(_PLACE).one_or_none()
        with session.begin_nested() as kept:
            whole_check.go_on(0)
            kept.rollback()
        cut += 1
        assert session.execute(_PLACE).one_or_none() == before
        seen, is_over = whole_check.go_on(0)
        found |= rules(seen)
    assert found == rules(invariants.findings(9)) == {"refunds_within_capture", "audit_chain_verifies"}
    assert cut == len(slices())
    saw(f"{cut} slices, each cut off once: both corruptions found")


def test_what_is_found_counts_at_once_and_what_was_mended_is_forgotten_at_the_end() -> None:
    corrupt("UPDATE payment_attempts SET refund_amount = 1")
    go_on_to_the_end()
    asked_at: datetime = session.execute(_ASKED_AT).scalar_one()
    corrupt("UPDATE payment_attempts SET refund_amount = 0")
    corrupt("UPDATE customers SET transaction_count = transaction_count + 1")
    while "counters_are_their_rows" not in rules(invariants.findings(9)):
        assert session.execute(_ASKED_AT).scalar_one() == asked_at
        assert rules(invariants.findings(9)) == {"refunds_within_capture"}
        whole_check.go_on(0)
    go_on_to_the_end()
    assert rules(invariants.findings(9)) == {"counters_are_their_rows"}
    assert session.execute(_ASKED_AT).scalar_one() > asked_at


def test_a_check_that_was_stopped_long_ago_is_begun_anew() -> None:
    whole_check.go_on(0)
    corrupt("UPDATE ledger_entries SET amount = amount + 1")
    corrupt("UPDATE invariant_check_under_way SET began_at = began_at - interval '21 hours'")
    assert "posting_balances" in go_on_to_the_end()


def test_the_job_comes_again_until_everything_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(housekeeping, "_A_WHILE", 0.0)
    job, runs = {"name": housekeeping.CHECK_WHOLE}, 0
    while runs == 0 or session.execute(_PENDING, job).scalar_one():
        session.execute(_TAKEN, job)
        edge.write(lambda: housekeeping._check_whole({}, edge.now()))
        runs += 1
    assert runs == len(slices())
    assert not invariants.is_whole_overdue()
    assert invariants.wall() - session.execute(_ASKED_AT).scalar_one() < timedelta(seconds=30)
