"""What may be asked of a plan, and what that costs: quotes, and why they are refused."""

from dataclasses import replace
from datetime import date, datetime

from tests.simulation.months.papers import Period, Quote
from tests.simulation.months.passing import Passing

LISTED = ("active", "past_due")
FOR_CREDIT = ("prepayment", "carried")
"""What is paid to be credit."""


class Refused(Exception):
    """What is not done, and why."""


class Quoting(Passing):
    """A plan and its prices."""

    def quote(self, kind: str, choice: str, now: datetime) -> Quote:
        """Have something quoted."""
        if kind == "subscription_change" and self.status in ("none", "incomplete", "cancelled"):
            self._choose_start(choice)
            return self._quote_start(now)
        if self.live or self.status in ("none", "cancelled"):
            raise Refused("change_in_progress")
        if kind == "subscription_change" and self.status == "suspended":
            return self._quote_restoration(choice, now)
        return self._quote_running(kind, choice, now)

    def _choose_start(self, tier: str) -> None:
        if self.status != "incomplete":
            self.version, self.status, self.mode, self.tier = (self.version[0] + 1, 1), "incomplete", "awake", tier
            self.periods, self.wakes_on, self.wakes_at, self.extra = [], None, None, 0
        elif tier != self.tier:
            if self.live:
                raise Refused("change_in_progress")
            self.tier = tier
            self.move()

    def _quote_start(self, now: datetime) -> Quote:
        if self.status != "incomplete":
            raise Refused("already_started")
        return self._from_anew("subscription_start", self.tier, now)

    def _quote_restoration(self, tier: str, now: datetime) -> Quote:
        if self.status != "suspended":
            raise Refused("not_running")
        if self.month("awake", tier, 0) > self.month("awake", self.tier, 0):
            raise Refused("pay_first")
        return self._from_anew("restoration", tier, now)

    def _from_anew(self, kind: str, tier: str, now: datetime) -> Quote:
        charged = self.all_branches if self.mode == "awake" else frozenset[str]()
        quote = self.priced(kind, tier, self.month(self.mode, tier, len(charged)), self.day(now))
        return replace(quote, charged=charged)

    @property
    def all_branches(self) -> frozenset[str]:
        """All further branches there are."""
        return frozenset(self.shown | self.waiting.keys())

    def priced(self, kind: str, choice: str, total: int, day: date, next_amount: int = 0) -> Quote:
        """A quote of so much: credit pays first, and where that leaves something what was owed before is paid along."""
        to_pay, credit, arrears = max(total, 0), 0, ()
        if kind in ("subscription_start", "restoration"):
            arrears, credit = self.owed_before()
            credit = min(to_pay, credit)
        elif kind not in FOR_CREDIT:
            credit = min(to_pay, self.credit)
            arrears = (self.carried,) if self.carried and credit < to_pay else ()
        return Quote(self.version, kind, choice, day, total, credit, next_amount, arrears)

    def owed_before(self) -> tuple[tuple[int, ...], int]:
        """What was carried and what invoices owe, of which credit pays first, and what is left of that."""
        left, credit = [], self.credit
        for amount in (self.carried, *(invoice.due for invoice in self.owed)):
            paid = min(credit, amount)
            credit -= paid
            left.append(amount - paid)
        return tuple(amount for amount in left if amount), credit

    def _quote_running(self, kind: str, choice: str, now: datetime) -> Quote:
        if kind == "carried" and self.carried:
            return self.priced(kind, choice, self.carried, self.day(now))
        running, is_asleep = self.get_running(now), self.mode == "hibernating"
        day = running.within(self.day(now))
        if kind == "prepayment":
            return self.priced(kind, choice, int(choice) * self.month(self.mode, self.next_tier), self.day(now))
        if kind == "carried" or (kind == "waking") != is_asleep:
            raise Refused("nothing owed, asleep or awake")
        if kind == "subscription_change" and choice == self.tier:
            raise Refused("same_tier")
        mode = "hibernating" if kind == "hibernation" else "awake"
        if kind == "hibernation" and choice and date.fromisoformat(choice) <= day:
            choice = ""
        charged = self.all_branches if kind == "waking" else frozenset[str]()
        count = len(charged) if kind == "waking" else None
        price = self.month(mode, choice if kind == "subscription_change" else self.tier, count)
        total = running.worth(price - running.monthly, day) - running.invoiced
        if self.status != "active" and total > 0:
            raise Refused("pay_first")
        return replace(self.priced(kind, choice, total, day, price), charged=charged)

    def get_running(self, now: datetime) -> Period:
        running = self.running(now)
        if running is None or self.status not in LISTED:
            raise Refused("pay_first" if self.status == "suspended" else "not_running")
        return running

    def renew(self, quote: Quote, now: datetime) -> Quote:
        """What a quote would be at this moment."""
        match quote.kind:
            case "subscription_start":
                return self._quote_start(now)
            case "restoration":
                return self._quote_restoration(quote.choice, now)
        return self._quote_running(quote.kind, quote.choice, now)
