"""The database asks for a transaction again (deadlock, exclusion, lock): it is, and nobody sees a 500."""

from collections.abc import Callable

import pytest
from sqlalchemy import text

from portal.kit.db import db
from tests.support import proving
from tests.support.portal import Portal
from tests.support.visitor import Visitor

CODES = ("40001", "40P01", "23P01", "55P03")
_REFUSE = """
CREATE SEQUENCE IF NOT EXISTS refusals;
CREATE OR REPLACE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF nextval('refusals') <= {times} THEN RAISE EXCEPTION 'as ordered' USING ERRCODE = '{code}'; END IF;
    RETURN NEW;
END $$;
CREATE OR REPLACE TRIGGER refuse BEFORE INSERT ON {table} FOR EACH ROW EXECUTE FUNCTION refuse();
ALTER SEQUENCE refusals RESTART;
"""
_NOW = text("UPDATE staged_jobs SET retry_at = NULL WHERE state = 'pending'")


def refuse(portal: Portal, table: str, code: str, times: int) -> None:
    """Let the database refuse the next inserts, this often; a sequence counts on through every rollback."""
    portal.do(lambda: db.execute(text(_REFUSE.format(table=table, code=code, times=times))))


@pytest.fixture
def owner(portal: Portal) -> tuple[Visitor, str]:
    """Ann, logged in, and the page where she adds branches."""
    portal.open_session()
    business = portal.do(lambda: db.execute(text("SELECT public_id FROM businesses")).scalar_one())
    visitor = portal.visitor()
    visitor.log_in("ann@shop.example")
    session = portal.do(lambda: db.execute(text("SELECT public_id FROM payment_sessions")).scalar_one())
    visitor.get(f"/pay/{session}")
    assert visitor.post(f"/pay/{session}/cancel").status_code == 303
    return visitor, f"/businesses/{business}/branches/new"


def test_a13_a_form_is_taken_again_and_then_refused_kindly(
    portal: Portal, owner: tuple[Visitor, str], saw: Callable[[str], None]
) -> None:
    visitor, path = owner
    answers = {}
    for code in CODES:
        for times in (2, 3):
            refuse(portal, "branches", code, times)
            visitor.get(path)
            place = {
                "name": f"{code} after {times}",
                "address_line1": f"{code} {times}",
                "city": "London",
                "country": "GB",
            }
            answers[code, times] = visitor.post(path, **place).status_code
    assert answers == {(code, times): 303 if times == 2 else 503 for code in CODES for times in (2, 3)}
    assert portal.count("branches", "name LIKE '% after 2'") == len(CODES)
    assert portal.count("branches", "name LIKE '% after 3'") == 0
    saw("40001, 40P01, 23P01, 55P03: twice → 303 and one row, three times → 503 and none")


def test_a13_a_notification_is_taken_again_or_comes_again(portal: Portal, saw: Callable[[str], None]) -> None:
    order = portal.order(portal.open_session())
    portal.sandbox.pay(order, lose=True)
    answers = []
    for code in CODES:
        for times in (2, 3):
            refuse(portal, "payment_events", code, times)
            answers += portal.sandbox.notify(order, fresh_ids=True)
    assert answers == [204, 503] * len(CODES)
    portal.settle()
    assert portal.count("payment_events") == len(CODES)
    assert portal.money_postings() == ["payment_received"]
    saw("refused twice → 204, three times → 503 and nothing stored; one posting")


@pytest.mark.parametrize("code", proving.sample(CODES, 1, "refused postings"))
def test_a13_money_waits_for_a_database_that_refuses(portal: Portal, code: str) -> None:
    public_id = portal.open_session()
    refuse(portal, "ledger_postings", code, 3)
    portal.sandbox.pay(portal.order(public_id))
    portal.sandbox.settle()
    portal.settle()
    assert portal.session(public_id).status == "open"
    assert portal.money_postings() == []
    portal.do(lambda: db.execute(_NOW))
    portal.settle()
    assert portal.session(public_id).status == "paid"
    assert portal.money_postings() == ["payment_received"]
