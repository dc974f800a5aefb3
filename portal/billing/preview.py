"""What the next periods of everybody will be charged, as things stand: each subscription is looked at when renewals
will look at it and as they do. Nothing is locked and nothing is written, so nobody waits meanwhile.

It takes for granted that everything is paid in time, and prices by today's price book and rates.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from portal.billing import due, renewals
from portal.billing.due import Due
from portal.billing.month_prices import Prices
from portal.billing.periods import Period
from portal.billing.renewal_rules import Step
from portal.invoicing.batches import Drawn


@dataclass(frozen=True, slots=True)
class Charge:
    """The invoice of a ``period`` to come; None where that waits for a price."""

    buyer: str
    subscription: str
    due_on: date
    period: Period
    drawn: Drawn | None
    paid_by: str
    """``credit``, ``stored_card`` or ``payment_link``; else the code of why there is no price."""


class Preview:
    """Goes through all subscriptions that are due by ``until``, chunk by chunk; see ``following``."""

    def __init__(self, now: datetime, until: datetime) -> None:
        self._now, self._until = now, until
        self._prices = Prices(now)
        self._after: UUID | None = None

    def following(self) -> list[Charge] | None:
        """Return what the next chunk of subscriptions will be charged, each in its order; None after the last one."""
        found = due.list_until(self._until, self._after, renewals.CHUNK)
        if not found:
            return None
        self._after = max(one.id for one in found)
        return [charge for one in found for charge in self._roll(one)]

    def _roll(self, one: Due) -> Iterator[Charge]:
        """Look at a subscription again and again, as time goes by, each invoiced period being the newest one then."""
        at = max(one.renews_at, self._now)
        while at <= self._until:
            look = renewals.look_at(one, self._prices, at)
            if look.priced is None:
                yield Charge(one.buyer["name"], one.public_id, look.period.starts_on, look.period, None, look.lacks)
                return
            if look.step is Step.INVOICE:
                drawn = renewals.draw(look, self._prices, at)
                paid_by = "credit" if drawn.is_settled else "stored_card" if one.has_method else "payment_link"
                yield Charge(one.buyer["name"], one.public_id, drawn.due_on, look.period, drawn, paid_by)
                one = replace(one, period=look.period, credit=one.credit - drawn.credit.amount)
            at = max(look.again_at, self._now)
