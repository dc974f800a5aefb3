"""Domain events: stored with what caused them, fanned out once, and never rewritten."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from portal.kit import edge, leases, outbox
from portal.kit.db import db
from portal.kit.jobs import Queue

pytestmark = pytest.mark.usefixtures("db")


def test_an_event_is_stored_with_its_fan_out() -> None:
    event_id = outbox.record("shop.opened", "biz_1", {"amount": 5, "currency": "GBP"}, edge.now())
    event = outbox.get(event_id)
    assert (event.name, event.subject, event.facts) == ("shop.opened", "biz_1", {"amount": 5, "currency": "GBP"})
    [job] = leases.lease(Queue.DEFAULT, 10)
    assert (job.name, job.args) == (outbox.FAN_OUT, {"event_id": str(event_id)})


@pytest.mark.parametrize("change", ["UPDATE domain_events SET facts = '{}'", "DELETE FROM domain_events"])
def test_what_happened_is_never_rewritten(change: str) -> None:
    outbox.record("shop.opened", "biz_1", {}, edge.now())
    with pytest.raises(IntegrityError, match="append-only"):
        db.execute(text(change))
