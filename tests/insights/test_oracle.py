"""The oracle itself is tried: each thing that can go wrong is put in, and it must be told by its own name."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest
from sqlalchemy import text

from portal.identity import audit
from portal.kit import edge, jobs
from portal.kit.db import db
from portal.kit.jobs import Queue
from tests.insights.corruptions import CORRUPTIONS
from tests.support import oracle
from tests.support.everything import credit_branch
from tests.support.portal import Portal
from tests.support.visitor import Promise, Visitor
from worker.jobs.housekeeping import SEAL_AUDIT

JOB = "INSERT INTO staged_jobs (id, queue, name, state, due_at, leased_until, last_error, args) VALUES "
UNQUIET = {
    "no_job_is_due": JOB + "(gen_random_uuid(), 'bulk', 'x', 'pending', business_now(), NULL, NULL, '{}')",
    "no_job_is_leased": JOB + "(gen_random_uuid(), 'bulk', 'x', 'leased', business_now(), now(), NULL, '{}')",
    "no_job_failed": JOB + "(gen_random_uuid(), 'bulk', 'x', 'dead', business_now(), NULL, 'broken', '{}')",
    "no_attempt_is_stuck": "UPDATE payment_attempts SET status = 'submitted' WHERE status = 'pending'",
    "attempt_has_its_next_ask": "DELETE FROM staged_jobs WHERE state = 'pending'",
    "method_has_its_next_ask": "INSERT INTO payment_methods (id, public_id, customer_id, provider, status, created_at, "
    "expires_at) SELECT gen_random_uuid(), 'pm', id, 'stripe', 'created', business_now(), "
    "business_now() + interval '1 hour' FROM customers LIMIT 1",
    "no_event_is_left": "UPDATE payment_events SET status = 'received', processed_at = NULL",
    "event_is_fanned_out": "DELETE FROM staged_jobs WHERE name = 'outbox.fan_out'",
    "mail_has_left": "UPDATE emails SET status = 'queued', sent_at = NULL",
}
BOOKS = {
    "provider_book_is_ours": "UPDATE ledger_entries SET amount = amount + 1 WHERE account_id = "
    "(SELECT id FROM ledger_accounts WHERE code = 'clearing:wechat_pay')",
    "notice_is_findable": "DELETE FROM payment_events",
    "audit_chain_verifies": "UPDATE audit_log SET facts = '{}' WHERE seq = 2",
}


@pytest.fixture
def paid(portal: Portal) -> Portal:
    """One payment made and told of, a part of it credited, and the audit log sealed."""
    public_id = portal.open_session()
    portal.sandbox.pay(portal.order(public_id))
    portal.sandbox.settle()
    portal.settle()
    portal.do(lambda: credit_branch(public_id))
    portal.do(lambda: audit.seal(edge.now()))
    return portal


@contextmanager
def corrupted(statement: str) -> Iterator[None]:
    """Put a corruption in with all triggers off, and take it back afterwards."""
    with db.begin_nested() as kept:
        db.execute(text("SET LOCAL session_replication_role = replica"))
        db.execute(text(statement))
        yield
        kept.rollback()


def rules(found) -> set[str]:
    return {violation.rule for violation in found}


def unseen(portal: Portal, corruptions: dict[str, str]) -> list[str]:
    """The corruptions that the oracle does not tell by their own rule."""
    asked, missed = portal.oracle, []
    with asked.looking():
        assert asked.found() == []
        for rule, statement in corruptions.items():
            with corrupted(statement):
                missed += [rule] if rule not in rules(asked.found()) else []
    return missed


def test_the_oracle_sees_each_corruption_by_its_own_rule(paid: Portal, saw: Callable[[str], None]) -> None:
    assert set(UNQUIET) == set(oracle.UNQUIET)
    assert unseen(paid, {**CORRUPTIONS, **BOOKS}) == []
    paid.open_session(email="bob@shop.example")
    assert unseen(paid, UNQUIET) == []
    saw(f"{len({**CORRUPTIONS, **BOOKS, **UNQUIET})} corruptions, each told by its own rule")


def test_what_comes_due_between_running_and_looking_is_run_and_what_never_ends_is_told(paid: Portal) -> None:
    runs: list[None] = []

    def settle(late: int) -> None:
        runs.append(paid.rest())
        if len(runs) <= late:
            paid.do(lambda: jobs.stage(SEAL_AUDIT, queue=Queue.BULK, due_at=edge.now()))

    replace(paid.oracle, settle=lambda: settle(late=1)).ask()
    assert len(runs) == 2
    with pytest.raises(AssertionError, match="no_job_is_due"):
        replace(paid.oracle, settle=lambda: settle(late=99)).ask()
    assert len(runs) < 10


@pytest.fixture
def product(paid: Portal) -> tuple[Visitor, str]:
    """A product that its owner was told is there, and where."""
    owner = paid.visitor()
    owner.log_in("ann@shop.example")
    catalogue = owner.get("/dashboard").text.split('href="/businesses/')[1].split('"')[0].split("/")[0]
    owner.get(f"/businesses/{catalogue}/products/new")
    added = owner.post(f"/businesses/{catalogue}/products/new", name="Oolong")
    assert added.status_code == 303
    assert list(paid.journal.lost()) == []
    paid.settle()
    return owner, added.headers["Location"]


def test_a_write_that_was_acknowledged_and_is_gone_is_told(paid: Portal, product: tuple[Visitor, str]) -> None:
    paid.do(lambda: db.execute(text("DELETE FROM products")))
    assert rules(paid.oracle.complaints()) == {"write_is_findable"}
    paid.journal.promises.clear()


def test_a_page_that_only_leads_to_the_log_in_is_not_there(paid: Portal, product: tuple[Visitor, str]) -> None:
    paid.do(lambda: db.execute(text("DELETE FROM login_sessions")))
    lost = list(paid.journal.lost())
    assert len(lost) == len(paid.journal.promises) > 1
    assert rules(lost) == {"write_is_findable"}
    paid.journal.promises.clear()


def test_who_logs_out_loses_nothing_and_strangers_pages_lead_on_who_logs_in(
    paid: Portal, product: tuple[Visitor, str]
) -> None:
    owner, address = product
    paid.journal.promises.append(Promise(owner, "/verify", "/login"))
    assert owner.get("/login").status_code == 302
    assert list(paid.journal.lost()) == []
    owner.get(address)
    assert owner.post("/logout").status_code == 303
    assert owner.get(address).status_code == 302
    assert list(paid.journal.lost()) == []


def test_a_write_that_was_ended_by_a_later_one_is_not_missed(paid: Portal, product: tuple[Visitor, str]) -> None:
    owner, address = product
    owner.get(address)
    assert owner.post(f"{address}/remove").status_code == 303
    assert owner.get(address).status_code == 404
    assert list(paid.journal.lost()) == []
