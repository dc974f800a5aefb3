"""What must always hold is seen when it does not: corruptions put in behind the product's back, one by one."""

import re
import runpy
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text

from portal.cli.migrations import MIGRATIONS
from portal.identity import audit
from portal.insights import invariants, whole_check
from portal.insights.whole_check import Place
from portal.kit import config, edge
from portal.kit.config import Settings
from portal.kit.db import db as session
from tests.insights.corruptions import CORRUPTIONS, WHOLE_ONLY
from tests.support.everything import World, make_everything, pay_here
from tests.support.settings import taxing

HOUR_AGO = datetime.now(UTC) - timedelta(hours=1)
_RULES = text(
    "SELECT prosrc FROM pg_proc WHERE proname = 'invariant_violations_since' "
    "UNION ALL SELECT pg_get_viewdef('invariant_violations'::regclass)"
)
ONE_BY_ONE = {*whole_check.SUMS, *invariants.UNDER_WAY}
STANDING = runpy.run_path(str(MIGRATIONS / "versions" / "0039_dunning.py"))["UNDER_WAY"]
TOUCHED = runpy.run_path(str(MIGRATIONS / "versions" / "0011_touched.py"))["TABLES"]
_TRIGGERS_OFF = text("SET LOCAL session_replication_role = replica")
_TRIGGERS_ON = text("SET LOCAL session_replication_role = origin")


@pytest.fixture
def books(db: None, settings: Settings) -> World:
    """The books of a shop that has paid, tax included; they are sound."""
    config.use(taxing(settings, GB="20"))
    world = edge.write(make_everything)
    edge.write(lambda: pay_here(world))
    assert invariants.violations() == []
    return world


def corrupt(statement: str) -> None:
    session.execute(_TRIGGERS_OFF)
    session.execute(text(statement))
    session.execute(_TRIGGERS_ON)


def rules(found) -> set[str]:
    return {violation.rule for violation in found}


@pytest.mark.usefixtures("books")
def test_each_corruption_is_seen_by_its_own_rule(saw: Callable[[str], None]) -> None:
    unseen, recent, sliced = [], set(), set()
    for rule, statement in CORRUPTIONS.items():
        with session.begin_nested() as kept:
            corrupt(statement)
            unseen += [rule] if rule not in rules(invariants.violations()) else []
            recent |= {rule} & rules(invariants.violations_since(HOUR_AGO))
            sliced |= {rule} & rules(whole_check.ask(Place(rule) if rule in ONE_BY_ONE else Place())[0])
            kept.rollback()
    assert unseen == []
    assert recent == set(CORRUPTIONS) - WHOLE_ONLY
    assert sliced == set(CORRUPTIONS)
    assert invariants.violations() == []
    saw(f"{len(CORRUPTIONS)} corruptions, each seen by its own rule: all by the view and by the sliced check, "
        f"{len(recent)} by the check of a minute")  # fmt: skip


@pytest.mark.usefixtures("db")
def test_each_rule_has_its_corruption() -> None:
    asked = {rule for source in session.scalars(_RULES) for rule in re.findall(r"SELECT '(\w+)'::text", source)}
    assert asked == set(CORRUPTIONS)


@pytest.mark.usefixtures("books")
def test_a_question_that_is_overdue_is_seen_though_its_job_is_there() -> None:
    corrupt(CORRUPTIONS["unknown_is_asked_for"])
    ask = "INSERT INTO staged_jobs (id, queue, name, args, due_at, retry_at, created_at) SELECT gen_random_uuid(), "
    ask += "'default', 'payments.look', jsonb_build_object('attempt_id', id), business_now() - {0}, now(), now() - {0} "
    ask += "FROM payment_attempts"
    corrupt(ask.format("interval '14 minutes'"))
    assert "unknown_is_asked_for" not in rules(invariants.violations())
    corrupt("DELETE FROM staged_jobs")
    corrupt(ask.format("interval '16 minutes'"))
    assert "unknown_is_asked_for" in rules(invariants.violations())


@pytest.mark.usefixtures("books")
def test_a_sound_audit_log_is_not_complained_of() -> None:
    assert edge.write(lambda: audit.seal(edge.now())) > 0
    assert whole_check.ask(Place(whole_check.AUDIT)) == ([], None)


def age(seconds: int) -> None:
    """Let everything of the books have been written this long ago."""
    for table, column in [*((table, "touched_at") for table in TOUCHED), ("ledger_postings", "recorded_at")]:
        corrupt(f"UPDATE {table} SET {column} = {column} - interval '{seconds} seconds'")  # noqa: S608 - ours


@pytest.mark.usefixtures("books")
def test_a_check_looks_at_what_was_written_since_the_last_one() -> None:
    assert invariants.check_recent() == []
    age(3600)
    session.execute(text("UPDATE invoices SET credit_amount = 1, paid_amount = paid_amount - 1"))  # with its triggers
    assert rules(invariants.check_recent()) == {"invoice_payments_are_booked"}
    age(3600)
    corrupt("UPDATE payment_attempts SET refund_amount = 1")
    assert "refunds_within_capture" not in rules(invariants.check_recent())
    assert "refunds_within_capture" in rules(whole_check.go_on(60)[0])


def watermark() -> datetime:
    return session.execute(text("SELECT since FROM invariant_checks WHERE name = 'recent'")).scalar_one()


@pytest.mark.usefixtures("books")
def test_the_watermark_waits_until_what_is_broken_is_mended() -> None:
    invariants.check_recent()
    before = watermark()
    session.execute(text("UPDATE payment_attempts SET refund_amount = 1"))
    for _ in range(2):
        assert rules(invariants.check_recent()) == rules(invariants.findings(9)) == {"refunds_within_capture"}
        assert watermark() == before
    session.execute(text("UPDATE payment_attempts SET refund_amount = 0"))
    assert list(invariants.check_recent()) == list(invariants.findings(9)) == []
    assert watermark() > before


@pytest.mark.usefixtures("books")
def test_the_first_check_of_a_minute_leaves_what_is_old_to_the_whole_one() -> None:
    age(3600)
    corrupt("UPDATE payment_attempts SET refund_amount = 1")
    assert list(invariants.check_recent()) == []
    assert rules(whole_check.go_on(60)[0]) == {"refunds_within_capture"}


@pytest.mark.usefixtures("books")
def test_the_first_check_of_a_minute_begins_where_the_last_whole_one_did() -> None:
    whole_check.go_on(60)[0]
    corrupt("UPDATE invariant_checks SET since = since - interval '2 hours', asked_at = asked_at - interval '2 hours'")
    corrupt("UPDATE payment_attempts SET refund_amount = 1")
    age(3600)
    assert rules(invariants.check_recent()) == {"refunds_within_capture"}


@pytest.mark.usefixtures("books")
def test_the_watermark_does_not_wait_for_what_is_asked_of_everything_under_way() -> None:
    assert set(STANDING) == invariants.UNDER_WAY
    age(3600)
    for rule in STANDING:
        with session.begin_nested() as kept:
            invariants.check_recent()
            before = watermark()
            corrupt(CORRUPTIONS[rule])
            assert rule in rules(invariants.check_recent()) <= invariants.UNDER_WAY
            assert watermark() > before
            kept.rollback()


@pytest.mark.usefixtures("books")
def test_many_dead_jobs_do_not_hide_what_is_written_wrong() -> None:
    corrupt(
        "INSERT INTO staged_jobs (id, queue, name, args, due_at, state) "
        "SELECT gen_random_uuid(), 'default', 'x', '{}', now(), 'dead' FROM generate_series(1, 200)"
    )
    corrupt("UPDATE payment_attempts SET refund_amount = 1")
    assert {"refunds_within_capture", "job_is_not_dead"} == rules(invariants.check_recent())
