"""What must hold when several people do it in the same moment."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.identity import audit, sign_in
from portal.identity.models import AuditEntry
from portal.identity.sign_in import Kind
from portal.kit import edge
from portal.kit.db import db
from tests.identity.people import NOW, make_user
from tests.support.races import contend

pytestmark = pytest.mark.usefixtures("committing")
MAIL = "ann@shop.example"


def test_entries_written_while_others_seal_all_find_their_place():
    def write(number):
        audit.record("usr_ann", f"number {number}", "x", {}, NOW)

    works = [lambda number=number: write(number) for number in range(8)]
    contend(*works, lambda: audit.seal(NOW), lambda: audit.seal(NOW))
    edge.write(lambda: audit.seal(NOW))

    assert sorted(edge.write(lambda: db.scalars(select(AuditEntry.seq)).all())) == list(range(1, 9))
    assert edge.write(lambda: audit.verify_on(audit.START, 9)) == (None, None)


def test_the_use_of_a_log_in_is_noted_beside_a_page_that_only_reads():
    def build():
        return sign_in.open_session(make_user(MAIL), Kind.CONSOLE, NOW, NOW, has_second_factor=True)

    token, later = edge.write(build), NOW + timedelta(minutes=29)
    found = sign_in.find_person(token, Kind.CONSOLE, later)
    assert found.is_seen_note_due
    edge.apart(lambda: sign_in.note_seen(found.login_id, later))
    edge.end()

    assert not sign_in.find_person(token, Kind.CONSOLE, later + timedelta(seconds=30)).is_seen_note_due
