"""Moving business time to its target, in the sandbox: from due instant to due instant, so that all happens in order.

Before each step everything due is done; the sandbox's own clock follows each step. It never decides where to go.
"""

from datetime import UTC, datetime, time, timedelta

from sqlalchemy import text

from portal.billing import due
from portal.billing.renewals import RENEW
from portal.currency.feed import FETCH_RATES
from portal.kit import clock, clock_target, config, edge, http, jobs, logging
from portal.kit.db import db

_PATIENCE = 5
"""A job that failed this often (for about a minute) is not waited for any more; it goes on trying by itself."""
_RATES_ARE_OUT = time(15, 30, tzinfo=UTC)
"""The European Central Bank publishes about 16:00 in Frankfurt, which is never after 15:00 UTC."""
_UNDONE = text(
    "SELECT EXISTS (SELECT FROM staged_jobs WHERE state = 'leased' OR "
    "(state = 'pending' AND due_at <= business_now() AND attempts < :patience))"
)
_NEXT = text("SELECT min(due_at) FROM staged_jobs WHERE state = 'pending' AND due_at > business_now()")
_FRIDAY = 4
log = logging.logger()


def step() -> bool:
    """Move business time to the next due instant on the way to its target; say whether to come back very soon."""
    if not config.current().is_sandbox or edge.write(clock_target.find) is None:
        return False
    try:
        _take_sandbox_along()
        if edge.write(_advance):
            _take_sandbox_along()
    except http.FetchFailed as error:
        log.warning("sandbox_clock_waits", reason=str(error))
        return False
    return True


def _advance() -> bool:
    """Take one step, unless something due is not done yet; at the target, stay."""
    target = clock_target.lock()
    if target is None or db.execute(_UNDONE, {"patience": _PATIENCE}).scalar_one():
        return False
    now = edge.now()
    if now >= target:
        clock_target.stop()
        return False
    _stage_rates(now, target)
    if _renews_first(now, target):
        return False
    following = db.execute(_NEXT).scalar_one()
    clock.advance(min(target, following or target) - now)
    return True


def _stage_rates(now: datetime, target: datetime) -> None:
    """Fetch each working day's rates on the way: the schedule goes by wall time and would see the last day only."""
    due = datetime.combine(now.astimezone(UTC), _RATES_ARE_OUT)
    due += timedelta(days=int(due <= now))
    due += timedelta(days=7 - due.weekday() if due.weekday() > _FRIDAY else 0)
    if due < target:
        jobs.stage(FETCH_RATES, queue=jobs.Queue.DEFAULT, due_at=due, key=f"recurring:{FETCH_RATES}")


def _renews_first(now: datetime, target: datetime) -> bool:
    """See to it that subscriptions are looked at when their time has come, and say whether that is now: the schedule,
    again, comes by wall time only."""
    earliest = due.earliest()
    if earliest is not None and earliest <= target:
        key = f"{jobs.RECURRING}{RENEW}"
        jobs.stage(RENEW, queue=jobs.Queue.BULK, due_at=max(earliest, now), key=key)
    return earliest is not None and earliest <= now


def _take_sandbox_along() -> None:
    """Bring the sandbox's clock as far ahead as ours and wait for what it sends because of that.

    :raises FetchFailed: it is away, or still busy; nothing may move until it has followed.
    """
    settings = config.current()
    url = f"http://127.0.0.1:{settings.sandbox_port}/_ctl/clock"
    headers = {"X-Sandbox-Token": settings.sandbox_token or ""}
    http.post(url, {"ahead": edge.write(clock.offset).total_seconds(), "settle": True}, headers)
