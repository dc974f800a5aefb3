"""Many rows by one statement: whatever a value is, it comes back as it was."""

from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from portal.currency.models import ExchangeRate
from portal.kit import ids, sets
from portal.kit.db import db as db_session
from portal.kit.db import table_of
from portal.kit.jobs import StagedJob
from portal.kit.outbox import DomainEvent
from tests.support.statements import counted

EVENTS, RATES, JOBS = table_of(DomainEvent), table_of(ExchangeRate), table_of(StagedJob)
NOW = datetime(2027, 3, 28, 0, 59, 59, 123456, tzinfo=UTC)
TOLD = ('it\'s "so"', None)
WORDS = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\x00"), max_size=30)
FACTS = st.dictionaries(WORDS, st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS | st.lists(WORDS))


def _event(subject: str, facts: object) -> dict[str, object]:
    return {"id": ids.new_id(), "name": "test", "subject": subject, "facts": facts, "occurred_at": NOW}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=50)
@given(st.lists(st.tuples(WORDS, FACTS), min_size=1, max_size=5))
def test_words_and_facts_come_back_as_they_were(db: None, given_rows: list[tuple[str, dict[str, object]]]) -> None:
    rows = [_event(*one) for one in given_rows]
    sets.insert_rows(EVENTS, rows)
    found = db_session.execute(EVENTS.select().where(EVENTS.c.id.in_([row["id"] for row in rows])))
    stored: dict[UUID, dict[str, object]] = {row.id: dict(row._mapping) for row in found}
    assert stored == {row["id"]: row for row in rows}


def test_days_and_exact_numbers_come_back_as_they_were(db: None) -> None:
    given_rows = [
        (date(2027, 2, 28), "GBP", Decimal("0.83333333333333333333")),
        (date(2028, 2, 29), "JPY", Decimal(160)),
    ]
    names = ("rate_on", "currency", "per_euro")
    rows = [dict(zip(names, one, strict=True)) | {"source": "test", "fetched_at": NOW} for one in given_rows]
    sets.insert_rows(RATES, rows)
    found = select(RATES.c.rate_on, RATES.c.currency, RATES.c.per_euro).where(RATES.c.rate_on > date(2027, 1, 1))
    assert sorted(map(tuple, db_session.execute(found))) == given_rows


def test_each_row_is_updated_by_its_key_and_no_other(db: None) -> None:
    of_all = {"queue": "bulk", "name": "test", "args": {}, "state": "pending", "attempts": 0, "due_at": NOW}
    rows = [{"id": ids.new_id(), **of_all} for _ in range(3)]
    sets.insert_rows(JOBS, rows)
    sets.update_rows(
        JOBS, [{"id": row["id"], "attempts": 5, "last_error": error} for row, error in zip(rows, TOLD, strict=False)]
    )
    found = {row.id: (row.attempts, row.last_error, row.due_at) for row in db_session.execute(JOBS.select())}
    assert [found[row["id"]] for row in rows] == [(5, TOLD[0], NOW), (5, TOLD[1], NOW), (0, None, NOW)]


def test_no_rows_are_no_statement(db: None) -> None:
    with counted() as statements:
        sets.insert_rows(EVENTS, [])
        sets.update_rows(JOBS, [])
    assert statements == []
