"""What becomes of a plan while time goes by: renewed, collected, dunned, woken, ended. Each thing at its instant."""

from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from tests.simulation.days import months_after, next_midnight
from tests.simulation.months.books import ENDS_AFTER, REMINDED_ON, Books
from tests.simulation.months.papers import Case, Invoice, Period

ANNOUNCED, INVOICED = timedelta(days=7), timedelta(days=3)
_NO_SOONER = timedelta(hours=12)
Event = tuple[datetime, int, Callable[[datetime], None]]
_CODE_ENDS = 5
"""Where the end of a code stands among what is due at one instant."""


class Passing(Books):
    """A plan and its time."""

    def __init__(self, currency: str, zone: str) -> None:
        super().__init__(currency, zone)
        self.shown: set[str] = set()
        """The further branches that are paid for."""
        self.waiting: dict[str, datetime | None] = {}
        """Those that are not yet, and when each is withdrawn."""
        self.leaving: set[str] = set()
        """Of those shown, which are to go."""
        self.settles_at: datetime | None = None
        """When both are settled together."""
        self.anchor = date.min
        self.looks_at: datetime | None = None
        """When the next period is looked at: announced, invoiced or waited for."""
        self.pending = ""
        """What was chosen for the period's end: a tier, or ``end``."""
        self.turns_on: date | None = None
        self.turns_at: datetime | None = None
        self.wakes_on: date | None = None
        self.wakes_at: datetime | None = None
        """When that is tried."""

    @property
    def next_tier(self) -> str:
        """What the next period holds, if there is one."""
        return self.tier if self.pending in ("", "end") else self.pending

    def pass_to(self, until: datetime) -> None:
        """Do all that is due by then, in its order."""
        while event := min(self.due(until), key=lambda one: one[:2], default=None):
            at, _, does = event
            does(at)
            self.calm_down(at)

    def calm_down(self, now: datetime) -> None:
        """Do at once what an event or an act asks for."""

    def is_eventful(self, until: datetime) -> bool:
        """Whether something is due by then, as at a midnight that is no midnight here; a code that is shown meanwhile
        puts it off, which other tests play, so here none is shown then."""
        return any(rank != _CODE_ENDS for _, rank, _ in self.due(until))

    def due(self, until: datetime) -> list[Event]:
        """What is due by then: when, what comes first of the same instant, and what is done."""
        found: list[Event] = []

        def note(at: datetime | None, rank: int, does: Callable[[datetime], None]) -> None:
            if at is not None and at <= until:
                found.append((at, rank, does))

        note(self.credit_at, 0, self.use_credit)
        note(self.turns_at if self.turns_on else None, 1, self._turn)
        note(self.looks_at, 2, self._look)
        for invoice in self.owed:
            note(invoice.collect_at, 3, lambda at, invoice=invoice: self._collect_first(invoice, at))
        for invoice in self.invoices:
            if invoice.case and invoice.case.status != "closed":
                case = invoice.case
                note(case.next_at, 4, lambda at, invoice=invoice, case=case: self._step(invoice, case, at))
        for session in self.sessions:
            if session.state == "open":
                note(session.expires_at, _CODE_ENDS, lambda at, session=session: session.end("expired", at))
        return found

    def running(self, now: datetime) -> Period | None:
        """The period that runs."""
        return next((one for one in self.periods if one.starts_at <= now < one.ends_at), None)

    def ahead(self, now: datetime) -> Period | None:
        """The period that is invoiced and has not begun."""
        return next((one for one in self.periods if one.starts_at > now), None)

    @property
    def is_collecting(self) -> bool:
        """Whether branches are settled together."""
        return self.mode == "awake" and self.status in ("active", "past_due")

    def collect_branches(self, now: datetime) -> None:
        """Have what waits and what is to go be settled when the day ends."""
        if self.is_collecting and (self.waiting or self.leaving):
            midnight = next_midnight(self.zone, now)
            self.settles_at = min(self.settles_at or midnight, midnight)

    def forget(self, branches: Iterable[str]) -> None:
        """Branches are there no more."""
        for branch in list(branches):
            self.waiting.pop(branch, None)
            self.shown.discard(branch)
            self.leaving.discard(branch)

    def first_look(self) -> datetime:
        """When the period after the newest one is looked at first."""
        return self.periods[-1].ends_at - ANNOUNCED

    def _look(self, now: datetime) -> None:
        start = self.periods[-1].end
        starts_at, price = self.periods[-1].ends_at, self.month(self.mode, self.next_tier)
        if now < starts_at - INVOICED:
            self.told.append(("announced", start, price, self.carried))
            self.looks_at = starts_at - INVOICED
        elif now < starts_at and (self.card or price <= self.credit):
            self.looks_at = starts_at
        else:
            self._renew(start, price, now)

    def _renew(self, start: date, price: int, now: datetime) -> None:
        end = months_after(self.anchor, len(self.periods) + 1)
        self.periods.append(Period(start, end, self.periods[-1].ends_at, self.at(end), [(price, start)]))
        self.issue("subscription_renewal", self.periods[-1], price, now)
        self.settle(self.invoices[-1], now)
        self.looks_at = self.first_look()

    def adjust(self, now: datetime) -> None:
        """Have a period that is invoiced ahead hold what it will by now."""
        ahead = self.ahead(now)
        if ahead is None:
            return
        wanted = 0 if self.pending == "end" else self.month(self.mode, self.next_tier)
        more = wanted - ahead.monthly
        if not more:
            return
        ahead.held.append((more, ahead.start))
        of_period = [invoice for invoice in self.invoices if invoice.period is ahead]
        if any(invoice.status == "paid" and invoice.credited < invoice.total for invoice in of_period):
            if more < 0:
                self.give_back(ahead, -more, now)
            else:
                self._issue_ahead("renewal_change", ahead, more, now)
            return
        for invoice in of_period:
            self.credit_note(invoice, invoice.total - invoice.credited, now)
        if wanted:
            self._issue_ahead("subscription_renewal", ahead, wanted, now)

    def _issue_ahead(self, kind: str, ahead: Period, total: int, now: datetime) -> None:
        self.issue(kind, ahead, total, now)
        self.settle(self.invoices[-1], now)

    def _turn(self, now: datetime) -> None:
        self.turns_on = None
        if self.pending == "end":
            self.end(now)
            return
        self.tier, self.pending = self.pending, ""
        self.move()
        self.is_to_count = True

    def end(self, now: datetime) -> None:
        """And nothing more is planned."""
        self.looks_at, self.pending, self.turns_on = None, "", None
        self.forget(self.leaving)
        super().end(now)

    def _collect_first(self, invoice: Invoice, now: datetime) -> None:
        invoice.collect_at = None
        if self.is_hidden(invoice) and invoice.due:
            self._hide(self.open_case(invoice, now, is_charged=False))
            return
        outcome = self.collect(invoice, now)
        if outcome == "settled":
            return
        self.open_case(invoice, now, is_charged=outcome != "hard")
        self._remind(invoice, "overdue" if outcome == "no_card" else "declined", now)

    def _remind(self, invoice: Invoice, reason: str, now: datetime) -> None:
        self.told.append(("overdue", self.day(now), reason, invoice.due, self.carried))

    def _step(self, invoice: Invoice, case: Case, now: datetime) -> None:
        if case.status == "suspended":
            case.status, invoice.status = "closed", "uncollectible" if invoice.is_owed else invoice.status
            if self.status == "suspended" and self.is_current(invoice):
                self.end(now)
            return
        if self.is_hidden(invoice):
            self._hide(case)
            return
        outcome = self.collect(invoice, now) if case.is_charged else "no_card"
        if outcome == "settled":
            return
        case.is_charged = case.is_charged and outcome != "hard"
        case.step += 1
        if case.step < len(REMINDED_ON) - 1:
            case.next_at = max(case.started_at + timedelta(days=REMINDED_ON[case.step + 1]), now + _NO_SOONER)
            self._remind(invoice, "overdue" if outcome == "no_card" else "declined", now)
            return
        self._hide(case)
        if self.status == "past_due" and self.is_current(invoice):
            self._suspend(invoice, now)

    def is_hidden(self, invoice: Invoice) -> bool:
        """Whether an invoice is of what is suspended."""
        return self.status == "suspended" and self.is_current(invoice)

    def _hide(self, case: Case) -> None:
        case.status, case.step, case.next_at = "suspended", len(REMINDED_ON) - 1, case.started_at + ENDS_AFTER

    def _suspend(self, invoice: Invoice, now: datetime) -> None:
        """Hide it; only the days shown are owed."""
        self.status, self.looks_at, self.pending, self.turns_on = "suspended", None, "", None
        self.extra -= len(self.leaving)
        self.forget(self.leaving)
        self.move()
        self.is_to_count = True
        running, ahead, day = self.running(now), self.ahead(now), self.day(now)
        if running is not None:
            self._give_up(running, running.within(day), now)
        if ahead is not None:
            self._give_up(ahead, ahead.start, now)
        self.told.append(("suspended", day, invoice.due))
        self.use_credit(now)

    def _give_up(self, period: Period, day: date, now: datetime) -> None:
        if period.monthly:
            less = period.worth(-period.monthly, day) - period.invoiced
            period.held.append((-period.monthly, day))
            self.give_back(period, -less, now)

    def store_card(self, now: datetime) -> None:
        """A good card is stored, and charged what is overdue."""
        self.card = "ok"
        for invoice in self.owed:
            is_tried = self.status == "past_due" and self.is_current(invoice)
            if invoice.case and invoice.case.status == "running" and is_tried:
                invoice.case.is_charged = True
                self.collect(invoice, now)
