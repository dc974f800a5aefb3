"""What a check finds is heard: in the log, at the desk and in the metrics; and so is that nobody checks any more."""

import re

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

_AGE = text("UPDATE invariant_checks SET asked_at = asked_at - interval '6 minutes'")


@pytest.fixture
def _books(db: None) -> None:
    world = edge.write(make_everything)
    edge.write(lambda: pay_here(world))


def check(job: str) -> list[str]:
    """Run a check as the worker does; give the rules it shouts about."""
    handler = HANDLERS[job]
    assert isinstance(handler, Plain)
    with capture_logs() as said:
        edge.write(lambda: handler.work({}, edge.now()))
    return [line["rule"] for line in said if (line["event"], line["log_level"]) == ("invariant_violated", "error")]


def metric(client: FlaskClient, name: str) -> float:
    shown = client.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}).text
    found = re.search(rf"^{name} (\S+)$", shown, re.MULTILINE)
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
def test_that_nobody_checks_is_seen(client: FlaskClient) -> None:
    assert metric(client, "portal_invariants_unasked_seconds") > 300
    check(CHECK_RECENT)
    assert metric(client, "portal_invariants_unasked_seconds") < 60
    assert not edge.write(today.waiting).is_unasked
    edge.write(lambda: session.execute(_AGE))
    assert edge.write(today.waiting).is_unasked
    assert metric(client, "portal_invariants_unasked_seconds") > 300
