"""What everybody will be charged, as things stand: each subscription is rolled forward as renewals and what is planned
will find it. Nothing is locked and nothing is written, so nobody waits meanwhile.

It takes for granted that everything is paid in time, and prices by today's price book and rates.
"""

from datetime import datetime
from uuid import UUID

from portal.billing import due, planned, renewals
from portal.billing.month_prices import Prices
from portal.billing.rolling import Changing, Charge, Renewing


class Preview:
    """Goes through all subscriptions of which anything is to come by ``until``, chunk by chunk; see ``following``."""

    def __init__(self, now: datetime, until: datetime) -> None:
        self._now, self._until = now, until
        self._prices = Prices(now)
        self._after: UUID | None = None

    def following(self) -> list[Charge] | None:
        """Return what the next chunk of subscriptions will be charged, each in its order; None after the last one."""
        found = planned.list_until(self._until, self._after, renewals.CHUNK)
        if not found:
            return None
        self._after = found[-1]
        changing = planned.of(found)
        rolled = [
            Changing(one, changing[one.id], self._prices, self._now)
            if one.id in changing
            else Renewing(one, self._prices, self._now)
            for one in due.read(found)
        ]
        return [charge for one in rolled for charge in one.charges(self._until)]
