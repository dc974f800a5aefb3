"""The database answers slowly: a notification is acknowledged soon or not at all, and coming again harms nothing."""

import time
from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import text

from portal.api import provider_webhooks
from portal.kit import edge
from portal.kit.db import db
from portal.kit.errors import Unavailable
from tests.support import proving
from tests.support.cut_proxy import CutProxy
from tests.support.portal import Portal

LIMIT = provider_webhooks.SECONDS
DELAYS = (0.005, 0.02, 0.05, 0.2)
"""Seconds that each message takes longer, either way; a notification needs about a dozen messages."""


@pytest.fixture
def _as_in_production(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stories are patient with notifications; these are about the very limit."""
    monkeypatch.setattr(provider_webhooks, "SECONDS", LIMIT)


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


@pytest.mark.usefixtures("committing")
def test_what_takes_too_long_keeps_nothing() -> None:
    with pytest.raises(Unavailable) as refused:
        edge.write(lambda: time.sleep(0.02), within=0.01)
    assert refused.value.code == "slow"


_SLOW_TO_AGREE = """
CREATE FUNCTION think() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN PERFORM pg_sleep(0.3); RETURN NULL; END $$;
CREATE CONSTRAINT TRIGGER think AFTER INSERT ON heartbeats DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION think();
"""
_BEAT = text("INSERT INTO heartbeats (process) VALUES ('late')")
_LATE = text("SELECT count(*) FROM heartbeats WHERE process = 'late'")
_DEADLOCK = text("DO $$ BEGIN PERFORM pg_sleep(0.25); RAISE EXCEPTION 'as ordered' USING ERRCODE = '40P01'; END $$")


@pytest.mark.usefixtures("committing")
def test_what_comes_too_late_to_its_commit_keeps_nothing() -> None:
    edge.write(lambda: db.execute(text(_SLOW_TO_AGREE)))

    def beat() -> None:
        db.execute(text("SELECT pg_sleep(0.3)"))
        db.execute(_BEAT)

    with pytest.raises(Unavailable) as refused:
        edge.write(beat, within=0.5)
    assert refused.value.code == "slow"
    assert edge.write(lambda: db.execute(_LATE).scalar_one()) == 0


@pytest.mark.usefixtures("committing")
def test_all_tries_together_have_one_deadline() -> None:
    tries = []

    def refused_late() -> None:
        tries.append(1)
        time.sleep(0.3)
        db.execute(_DEADLOCK)

    with pytest.raises(Unavailable) as refused:
        edge.write(refused_late, within=0.5)
    assert refused.value.code == "slow"
    assert len(tries) == 1
