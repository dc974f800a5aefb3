import time
from datetime import UTC, date, datetime

from portal.kit import clock, edge

# ruleid: time-is-read-at-the-edge
started = datetime.now(UTC)
# ruleid: time-is-read-at-the-edge
today = date.today()
# ruleid: time-is-read-at-the-edge
seconds = time.time()
# ok: time-is-read-at-the-edge
end = time.monotonic() + 5


def renew(subscription):
    # ruleid: rooms-are-told-the-time
    subscription.renewed_at = edge.now()
    # ruleid: rooms-are-told-the-time
    subscription.looked_at = clock.business_now()
    # ok: rooms-are-told-the-time
    subscription.written_at = clock.wall()


def renew_as_told(subscription, now: datetime):
    # ok: rooms-are-told-the-time
    subscription.renewed_at = now
    # ok: time-is-read-at-the-edge
    subscription.day = now.date()
