"""A plan and its further branches: collected for a day, settled together when that ends, withdrawn after a week."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta

from tests.simulation.days import next_midnight
from tests.simulation.months.papers import Period, Quote
from tests.simulation.months.passing import Event
from tests.simulation.months.plan import UNTIL_PAID, Plan
from tests.simulation.months.quoting import Refused

_WEEK, _UNTIL_RENEWED = timedelta(days=7), timedelta(minutes=10)


class Branching(Plan):
    """A plan whose branches come and go."""

    def __init__(self, currency: str, zone: str) -> None:
        super().__init__(currency, zone)
        self.asks_at: datetime | None = None
        """When the card has paid for the batch, or its owner is asked to."""

    def is_quiet_until_tomorrow(self, now: datetime) -> bool:
        """Whether a batch that is settled when the day ends meets nothing else at that instant."""
        midnight, running = next_midnight(self.zone, now), self.running(now)
        ends = [at for at in self.waiting.values() if at is not None]
        ends += [running.ends_at] if running else []
        return all(at > midnight + timedelta(hours=3) for at in ends)

    def add_branch(self, branch: str, now: datetime) -> None:
        """Add a branch, to be paid for with the open batch where a plan runs."""
        if self.status in ("past_due", "suspended"):
            raise Refused("pay_first")
        self.waiting[branch] = None
        self.collect_branches(now)

    def remove_branch(self, branch: str, now: datetime) -> None:
        """Take a branch out: at once, or when the day ends where it is paid for."""
        is_there = self.status not in ("none", "cancelled")
        if is_there and self.live:
            raise Refused("change_in_progress")
        if is_there and branch in self.shown and self.is_collecting:
            self.leaving.add(branch)
            self.collect_branches(now)
            return
        if is_there and branch in self.shown:
            self.extra = max(0, self.extra - 1)
            self.move()
        self.forget([branch])

    def due(self, until: datetime) -> list[Event]:
        """With what is settled, asked for and withdrawn."""
        found: list[tuple[datetime | None, int, Callable[[datetime], None]]] = [
            (self.settles_at, -1, self._settle_batch),
            (self.asks_at, 8, self._ask),
            *((at, 9, lambda now, branch=branch: self._withdraw(branch, now)) for branch, at in self.waiting.items()),
        ]
        return [*super().due(until), *((at, rank, does) for at, rank, does in found if at and at <= until)]

    def _settle_batch(self, now: datetime) -> None:
        self.settles_at = None
        if not self.is_collecting or not (self.waiting or self.leaving):
            return
        if self.live:
            self.settles_at = now + UNTIL_PAID
            return
        running = self.running(now)
        if running is None:
            self._settle_between_periods(now)
            return
        quote = self._quote_batch(running, now, is_leaving_only=False)
        is_refused = self.status != "active" and quote.total > 0
        if not is_refused and (quote.due == 0 or self.card):
            if self.confirm(quote, quote.due > 0, now, is_automatic=True) == "opened":
                self.asks_at = now + UNTIL_PAID
            return
        self._ask(now)

    def _settle_between_periods(self, now: datetime) -> None:
        if self.leaving:
            self.extra -= len(self.leaving)
            self.forget(self.leaving)
            self.move()
        if self.waiting:
            self.settles_at = now + _UNTIL_RENEWED

    def _quote_batch(self, running: Period, now: datetime, *, is_leaving_only: bool) -> Quote:
        charged = frozenset[str]() if is_leaving_only else frozenset(self.waiting)
        price = self.month("awake", self.tier, self.extra - len(self.leaving) + len(charged))
        day = running.within(self.day(now))
        total = running.worth(price - running.monthly, day) - running.invoiced
        quote = self.priced("branch_batch", "", total, day, price)
        return replace(quote, charged=charged, leaving=frozenset(self.leaving))

    def renew(self, quote: Quote, now: datetime) -> Quote:
        """What a quote would be at this moment; that of a batch, too."""
        if quote.kind != "branch_batch":
            return super().renew(quote, now)
        return self._quote_batch(self.get_running(now), now, is_leaving_only=not quote.charged)

    def _ask(self, now: datetime) -> None:
        self.asks_at = now + UNTIL_PAID if self.is_collecting and self.live else None
        if not self.is_collecting or self.live:
            return
        running = self.running(now)
        if running is None:
            self._settle_between_periods(now)
        elif self.leaving:
            self.confirm(self._quote_batch(running, now, is_leaving_only=True), False, now)
        self.waiting = {branch: at or now + _WEEK for branch, at in self.waiting.items()}

    def _withdraw(self, branch: str, now: datetime) -> None:
        self.waiting[branch] = now + UNTIL_PAID if self.is_collecting and self.live else None
        if self.is_collecting and not self.live:
            self.forget([branch])
