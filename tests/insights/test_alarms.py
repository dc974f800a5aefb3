"""What a check finds is heard: in the log, at the desk and in the metrics; and so is that nobody checks any more."""

import re
from collections.abc import MutableMapping
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text
from structlog.testing import capture_logs

from portal.insights import today
from portal.kit import edge
from portal.kit.db import db as session
from tests.insights.corruptions import CORRUPTIONS
from tests.support.everything import make_everything, pay_here
from tests.support.settings import METRICS_TOKEN
from worker.jobs.housekeeping import CHECK_RECENT, CHECK_WHOLE
from worker.registry import HANDLERS
from worker.runner import Plain

_AGE = "UPDATE invariant_checks SET asked_at = asked_at - interval '{}' WHERE name = '{}'"
_UNASKED = 'portal_invariants_unasked_seconds{{check="{}"}}'


@pytest.fixture
def _books(db: None) -> None:
    world = edge.write(make_everything)
    edge.write(lambda: pay_here(world))


def check(job: str) -> list[str]:
    """Run a check as the worker does; give the rules it shouts about."""
    return [line["rule"] for line in shouted(job) if line["event"] == "invariant_violated"]


def said_by(job: str) -> set[str]:
    """Run a check as the worker does; give what it shouts."""
    return {line["event"] for line in shouted(job)}


def shouted(job: str) -> list[MutableMapping[str, Any]]:
    """Run a check as the worker does; give the errors in its log."""
    handler = HANDLERS[job]
    assert isinstance(handler, Plain)
    with capture_logs() as said:
        edge.write(lambda: handler.work({}, edge.now()))
    return [line for line in said if line["log_level"] == "error"]


def metric(client: FlaskClient, name: str) -> float:
    shown = client.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}).text
    found = re.search(rf"^{re.escape(name)} (\S+)$", shown, re.MULTILINE)
    assert found is not None
    return float(found.group(1))


@pytest.mark.usefixtures("_books")
@pytest.mark.parametrize("job", [CHECK_RECENT, CHECK_WHOLE])
def test_what_a_check_finds_is_heard_until_it_is_mended(client: FlaskClient, job: str) -> None:
    assert check(job) == []
    assert metric(client, "portal_invariant_violations") == 0
    edge.write(lambda: session.execute(text(CORRUPTIONS["refunds_within_capture"])))
    for _ in range(2):
        assert check(job) == ["refunds_within_capture"]
        assert metric(client, "portal_invariant_violations") == 1
    edge.write(lambda: session.execute(text("UPDATE payment_attempts SET refund_amount = 0")))
    assert check(job) == []
    assert metric(client, "portal_invariant_violations") == 0


@pytest.mark.usefixtures("_books")
@pytest.mark.parametrize(
    ("job", "check_name", "most", "flag"),
    [
        (CHECK_RECENT, "recent", timedelta(minutes=5), "is_unasked"),
        (CHECK_WHOLE, "whole", timedelta(hours=26), "is_all_unasked"),
    ],
)
def test_that_a_check_is_missing_is_seen_though_the_other_is_made(
    client: FlaskClient, job: str, check_name: str, most: timedelta, flag: str
) -> None:
    unasked = _UNASKED.format(check_name)
    for other in {CHECK_RECENT, CHECK_WHOLE} - {job}:
        check(other)
    assert metric(client, unasked) > most.total_seconds()
    check(job)
    assert metric(client, unasked) < 60
    assert not getattr(edge.write(today.waiting), flag)
    edge.write(lambda: session.execute(text(_AGE.format(most + timedelta(minutes=1), check_name))))
    assert getattr(edge.write(today.waiting), flag)
    assert metric(client, unasked) > most.total_seconds()


@pytest.mark.usefixtures("_books")
def test_a_whole_check_that_stopped_is_shouted_every_minute() -> None:
    check(CHECK_WHOLE)
    assert "books_not_checked" not in said_by(CHECK_RECENT)
    edge.write(lambda: session.execute(text(_AGE.format(timedelta(hours=27), "whole"))))
    assert "books_not_checked" in said_by(CHECK_RECENT)
