"""What recurs, each with its interval and queue. The key keeps one of a kind waiting, whoever stages it."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text

from portal.billing.renewals import RENEW
from portal.currency.feed import FETCH_RATES
from portal.kit import edge, jobs
from portal.kit.db import db
from portal.kit.jobs import Queue
from portal.payments.key_expiry import CHECK_KEYS
from worker.jobs.housekeeping import CHECK_RECENT, CHECK_WHOLE, PRUNE, SEAL_AUDIT


@dataclass(frozen=True, slots=True)
class Recurring:
    """Run ``job`` every ``interval`` of wall time."""

    job: str
    interval: timedelta
    queue: Queue


SCHEDULE = (
    Recurring(FETCH_RATES, timedelta(hours=1), Queue.DEFAULT),
    Recurring(RENEW, timedelta(minutes=1), Queue.BULK),
    Recurring(SEAL_AUDIT, timedelta(minutes=1), Queue.DEFAULT),
    Recurring(CHECK_RECENT, timedelta(minutes=1), Queue.BULK),
    Recurring(CHECK_WHOLE, timedelta(days=1), Queue.BULK),
    Recurring(CHECK_KEYS, timedelta(hours=12), Queue.BULK),
    Recurring(PRUNE, timedelta(hours=1), Queue.BULK),
)
_LAST = text("SELECT max(created_at) > clock_timestamp() - :interval FROM staged_jobs WHERE name = :name")


def stage_due() -> None:
    """Stage every recurring job that was not staged within its interval."""
    for entry in SCHEDULE:
        if not db.execute(_LAST, {"interval": entry.interval, "name": entry.job}).scalar():
            jobs.stage(entry.job, queue=entry.queue, due_at=edge.now(), key=f"{jobs.RECURRING}{entry.job}")
