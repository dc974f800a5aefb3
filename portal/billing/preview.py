"""What everybody will be charged, as things stand: each subscription is rolled forward as renewals and what is planned
will find it. Nothing is locked and nothing is written, so nobody waits meanwhile.

It takes for granted that everything is paid in time, and prices by today's price book and rates.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from portal.billing import due, planned, renewals
from portal.billing.month_prices import Prices
from portal.billing.rolling import Changing, Charge, Renewing

_AHEAD = timedelta(days=62)
"""A running subscription is charged within this long, if it ever is: a whole month, and one that is paid already."""


class Preview:
    """Goes through all subscriptions of which anything is to come by ``until``, chunk by chunk; see ``following``."""

    def __init__(self, now: datetime, until: datetime) -> None:
        self._now, self._until = now, until
        self._prices = Prices(now)
        self._after: UUID | None = None
        self.seen = 0
        """How many subscriptions were rolled forward until now, of those that are counted by ``count``."""

    def count(self) -> int:
        """Return of how many subscriptions anything is to come."""
        return planned.count_until(self._until)

    def following(self) -> list[Charge] | None:
        """Return what the next chunk of subscriptions will be charged, each in its order; None after the last one."""
        found = planned.list_until(self._until, self._after, renewals.CHUNK)
        if not found:
            return None
        charges = [charge for one in _rolled(found, self._prices, self._now) for charge in one.charges(self._until)]
        self._after, self.seen = found[-1], self.seen + len(found)
        return charges


def next_charge(subscription_id: UUID, now: datetime) -> Charge | None:
    """Return what a running subscription will be charged next, as things stand; None where nothing is to come."""
    charges = (charge for one in _rolled([subscription_id], Prices(now), now) for charge in one.charges(now + _AHEAD))
    return next(charges, None)


def _rolled(found: Sequence[UUID], prices: Prices, now: datetime) -> Iterator[Renewing]:
    changing = planned.of(found)
    for one in due.read(found):
        yield Changing(one, changing[one.id], prices, now) if one.id in changing else Renewing(one, prices, now)
