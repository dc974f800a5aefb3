"""The audit log is appended to, sealed once, and shows what is missing or altered."""

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from portal.identity import audit
from portal.identity.models import AuditEntry
from portal.kit.db import db
from tests.identity.people import NOW

pytestmark = pytest.mark.usefixtures("db")


def note(*actions):
    for action in actions:
        audit.record("usr_ann", action, "biz_olives", {"amount": 1200, "name": "橄榄", "rate": 8.5}, NOW)


def tamper(statement):
    """Change the log as somebody could who owns the database."""
    db.execute(text("ALTER TABLE audit_log DISABLE TRIGGER USER"))
    db.execute(text(statement))
    db.execute(text("ALTER TABLE audit_log ENABLE TRIGGER USER"))


def test_sealing_chains_what_is_new():
    note("first", "second")
    assert audit.seal(NOW) == 2
    note("third")
    assert audit.seal(NOW) == 1
    assert audit.seal(NOW) == 0

    entries = db.scalars(select(AuditEntry).order_by(AuditEntry.seq)).all()
    assert [(entry.seq, entry.action) for entry in entries] == [(1, "first"), (2, "second"), (3, "third")]
    assert [entry.prev_hash for entry in entries[1:]] == [entry.hash for entry in entries[:-1]]
    assert audit.verify_on(audit.START, 9) == (None, None)


def test_an_empty_log_is_sound():
    assert audit.verify_on(audit.START, 9) == (None, None)


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET action = 'other'",
        "UPDATE audit_log SET facts = '{}', seq = 1, prev_hash = 'x', hash = 'y'",
        "DELETE FROM audit_log",
    ],
)
def test_the_database_refuses_to_change_what_was_said(statement):
    note("first")

    with pytest.raises(IntegrityError, match="append-only"):
        db.execute(text(statement))


def test_the_database_refuses_to_seal_twice():
    note("first")
    audit.seal(NOW)

    with pytest.raises(IntegrityError, match="append-only"):
        db.execute(text("UPDATE audit_log SET seq = 2, hash = 'other'"))


@pytest.mark.parametrize(
    ("statement", "finding"),
    [
        ("UPDATE audit_log SET facts = '{\"amount\": 1}' WHERE seq = 2", "entry 2 was altered"),
        ("DELETE FROM audit_log WHERE seq = 1", "entry 1 is missing"),
        ("UPDATE audit_log SET actor = 'usr_eve' WHERE seq = 3", "entry 3 was altered"),
    ],
)
def test_tampering_shows(statement, finding):
    note("first", "second", "third")
    audit.seal(NOW)
    tamper(statement)

    assert audit.verify_on(audit.START, 9) == (finding, None)
    problem, link = None, audit.START
    while link is not None:
        problem, link = audit.verify_on(link, 1)
    assert problem == finding
