"""The database answers slowly: a notification is acknowledged soon or not at all, and coming again harms nothing."""

import time
from collections.abc import Callable, Iterator

import psycopg
import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from portal.kit import db as database
from portal.kit import edge
from portal.kit.db import db
from portal.kit.errors import Unavailable
from portal.kit.jobs import Queue
from tests.support import proving
from tests.support.cut_proxy import CutProxy
from tests.support.portal import Portal

LIMIT = database.HURRY
DELAYS = (0.005, 0.05, 0.2, 0.5)
"""Seconds that each message takes longer, either way; a notification needs one each way."""


@pytest.fixture
def _as_in_production(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stories are patient with notifications; these are about the very limit."""
    monkeypatch.setattr(database, "HURRY", LIMIT)
    edge.connect(portal.settings.database_url, pool_size=12, application="story")


def tell(portal: Portal, order: str, variant: str = "ok") -> tuple[int | None, float]:
    """Deliver the order's notification once; give the status that came back and the seconds it took."""
    began = time.monotonic()
    status = portal.sandbox.notify(order, variant)[0]
    return status, time.monotonic() - began


@pytest.mark.timeout(400)
@pytest.mark.usefixtures("_as_in_production")
@pytest.mark.parametrize("fresh", proving.sample([True, False], 1, "slow database"))
def test_b20_a_slow_database_means_a_quick_answer_or_none_that_counts(
    portal: Portal, wire: CutProxy, saw: Callable[[str], None], fresh: bool
) -> None:
    public_id = portal.open_session()
    order = portal.order(public_id)
    portal.sandbox.pay(order, lose=True)
    if not fresh:
        assert tell(portal, order)[0] == 204
    _, usual = tell(portal, order, "not_paid")
    answers = []
    for delay in DELAYS:
        wire.delay(delay)
        answers += [tell(portal, order) for _ in range(proving.times(2, 20))]
    wire.delay(0)
    assert {status for status, _ in answers} - {None} == {204, 503}
    slowest = max(seconds for status, seconds in answers if status == 204)
    refused = sum(status != 204 for status, _ in answers)
    assert slowest - usual < 1.0, "what comes after more than a second must not count as told"
    assert portal.sandbox.notify(order) == [204]
    portal.settle()
    assert portal.money_postings() == ["payment_received"]
    saw(f"{len(answers)} deliveries to a database {DELAYS[0]}–{DELAYS[-1]} s slow: {refused} refused, "
        f"slowest 204 after {slowest:.2f} s; told again: one posting")  # fmt: skip


@pytest.mark.usefixtures("_as_in_production")
def test_b20_a_table_that_somebody_holds_is_a_503_within_a_second_or_so(portal: Portal) -> None:
    public_id = portal.open_session()
    order = portal.order(public_id)
    portal.sandbox.pay(order, lose=True)
    with psycopg.connect(portal.settings.database_url) as holder:
        holder.execute("LOCK payment_events")
        status, seconds = tell(portal, order)
    assert status == 503
    assert seconds < 4
    assert tell(portal, order)[0] == 204


_BEAT = text("INSERT INTO heartbeats (process) SELECT 'late' FROM pg_sleep(:seconds) RETURNING process")
_BEATS = text("SELECT count(*) FROM heartbeats WHERE process = 'late'")


@pytest.fixture
def _far_away(committing: None, fresh_database: str) -> Iterator[None]:
    """A database that hears us and is heard by us late."""
    with CutProxy.of(fresh_database) as proxy:
        edge.connect(proxy.through(fresh_database), pool_size=1, application="late")
        edge.at_once(text("SELECT 1"), {}, Queue.MONEY)
        proxy.delay(LIMIT * 0.7)
        yield
        proxy.delay(0)
        edge.disconnect()


@pytest.mark.usefixtures("committing")
def test_what_is_kept_at_once_is_kept() -> None:
    assert edge.at_once(_BEAT, {"seconds": 0}, Queue.MONEY) == "late"
    assert edge.write(lambda: db.execute(_BEATS).scalar_one()) == 1


@pytest.mark.usefixtures("committing")
def test_a_statement_that_takes_too_long_keeps_nothing() -> None:
    began = time.monotonic()
    with pytest.raises(OperationalError):
        edge.at_once(_BEAT, {"seconds": LIMIT * 3}, Queue.MONEY)
    assert time.monotonic() - began < LIMIT * 2
    assert edge.write(lambda: db.execute(_BEATS).scalar_one()) == 0


@pytest.mark.usefixtures("_far_away")
def test_what_is_heard_of_too_late_does_not_count_as_told() -> None:
    with pytest.raises(Unavailable) as refused:
        edge.at_once(_BEAT, {"seconds": 0}, Queue.MONEY)
    assert refused.value.code == "slow"
