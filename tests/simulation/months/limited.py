"""A plan beside what its business shows: the soft limit of products, its grace, and what comes at the grace's end."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.simulation.days import months_after
from tests.simulation.months.branching import Branching
from tests.simulation.months.papers import Period
from tests.simulation.months.passing import Event
from tests.simulation.months.quoting import LISTED, Refused

HOLDS = {"starter": 10, "pro": 100, "enterprise": None}
LENGTH, AHEAD, CALM = timedelta(days=7), timedelta(days=3), timedelta(hours=48)
_AGAIN = timedelta(minutes=15)


@dataclass
class Grace:
    """How long more products than the tier holds are shown; afterwards the newest are ``hidden``."""

    ends_at: datetime
    under_since: datetime | None = None
    resting_since: datetime | None = None
    is_warned: bool = False
    is_hidden: bool = False
    is_charged: bool = False
    told: int | None = None
    """What its end may cost; never more is charged."""


class Limited(Branching):
    """A plan, its products and its time."""

    def __init__(self, currency: str, zone: str) -> None:
        super().__init__(currency, zone)
        self.products = 0
        self.grace: Grace | None = None
        self.counts_at: datetime | None = None
        """When the products are counted next by themselves."""

    @property
    def is_over(self) -> bool:
        """Whether there are more products than the tier holds."""
        limit = HOLDS[self.tier]
        return limit is not None and self.products > limit

    @property
    def is_resting(self) -> bool:
        """Whether nobody sees how many there are."""
        return self.mode != "awake" or self.status == "suspended"

    def stock(self, count: int) -> None:
        """There are so many products by now."""
        self.products, self.is_to_count = count, True

    def take_over(self, seen: Grace) -> None:
        """Go on with the instants of a grace that was seen."""
        self.grace = seen
        if self.counts_at is not None and (following := _next_count(seen)) is not None:
            self.counts_at = max(self.counts_at, following)

    def due(self, until: datetime) -> list[Event]:
        """With the next count."""
        counts = [(self.counts_at, 7, self._count)] if self.counts_at and self.counts_at <= until else []
        return [*super().due(until), *counts]

    def calm_down(self, now: datetime) -> None:
        """Count the products after whatever asks for that."""
        while self.is_to_count:
            self.is_to_count = False
            self._count(now)

    def _count(self, now: datetime) -> None:
        self.counts_at = None
        if self.status == "cancelled":
            self.grace = None
        if self.status not in ("active", "past_due", "suspended"):
            return
        grace = self._stopped_or_seen(now)
        if grace is None:
            return
        is_running_out = not (grace.resting_since or grace.under_since or grace.is_hidden)
        if is_running_out and now >= grace.ends_at:
            self._end_grace(grace, now)
        elif is_running_out and not grace.is_warned and now >= grace.ends_at - AHEAD:
            grace.is_warned = True
            self._tell("soon", grace, now)
        at = _next_count(grace)
        self.counts_at = now + _AGAIN if at is not None and at <= now else at

    def _stopped_or_seen(self, now: datetime) -> Grace | None:
        grace = self.grace
        if grace and grace.under_since and grace.under_since + CALM <= (grace.resting_since or now):
            grace = self.grace = None
        if grace is not None:
            self._see(grace, now)
        elif self.is_over and not self.is_resting:
            grace = self.grace = Grace(now + LENGTH)
            self._tell("started", grace, now)
        return grace

    def _see(self, grace: Grace, now: datetime) -> None:
        if grace.resting_since and not self.is_resting:
            rested, grace.resting_since, grace.is_warned = now - grace.resting_since, None, False
            grace.ends_at += rested
            grace.under_since = grace.under_since + rested if grace.under_since else None
        elif self.is_resting:
            grace.resting_since = grace.resting_since or now
        if self.is_over:
            grace.under_since = None
        elif not self.is_resting:
            grace.under_since = grace.under_since or now

    def _end_grace(self, grace: Grace, now: datetime) -> None:
        if self.live is None and not self._grow(grace, now):
            self._tell("hidden", grace, now)
            grace.is_hidden = True

    def _grow(self, grace: Grace, now: datetime) -> bool:
        """Move to the tier that fits where credit or, once, the card pays it, for no more than was told."""
        if grace.told is None:
            return False
        try:
            quote = self.quote("subscription_change", self._fitting(), now)
        except Refused:
            return False
        if quote.total + sum(quote.arrears) > grace.told or (quote.due and (grace.is_charged or not self.card)):
            return False
        grace.is_charged = grace.is_charged or quote.due > 0
        self.confirm(quote, quote.due > 0, now, is_automatic=True)
        return True

    def _fitting(self) -> str:
        return next(tier for tier, limit in HOLDS.items() if limit is None or self.products <= limit)

    def _tell(self, step: str, grace: Grace, now: datetime) -> None:
        cost, carried = self._cost_at_end(grace, now), self.carried
        grace.told = None if cost is None else cost + carried
        self.told.append(("limit", self.day(now), step, cost, 0 if cost is None else carried))

    def _cost_at_end(self, grace: Grace, now: datetime) -> int | None:
        """What the tier that fits would cost on the day of the grace's end, in the period of that day."""
        running = self.running(now)
        if running is None or self._fitting() == self.tier or self.status not in LISTED or self.is_resting:
            return None
        more = self.month("awake", self._fitting()) - running.monthly
        ends_on = self.day(grace.ends_at)
        if grace.ends_at < running.ends_at:
            ends_on = running.within(ends_on)
        on, number = max(running.within(self.day(now)), ends_on), self.periods.index(running)
        period, invoiced = running, running.invoiced
        while on >= period.end:
            number += 1
            start, end = (months_after(self.anchor, count) for count in (number, number + 1))
            period, invoiced = Period(start, end, now, now, [(running.monthly, start)]), running.monthly
        return period.worth(more, on) - invoiced


def _next_count(grace: Grace) -> datetime | None:
    if grace.resting_since:
        return None
    if grace.under_since:
        return grace.under_since + CALM
    if grace.is_hidden:
        return None
    return grace.ends_at if grace.is_warned else grace.ends_at - AHEAD
