"""What somebody may do with a plan, what that costs, and what becomes of the money: told without the product."""

from datetime import date, datetime, timedelta

from tests.simulation.days import months_after
from tests.simulation.months.papers import HOUR, Draft, Invoice, Period, Quote, Session, Untold
from tests.simulation.months.passing import Event, Passing

LISTED = ("active", "past_due")
AFTER_MIDNIGHT = timedelta(minutes=5)


class Refused(Exception):
    """What is not done, and why."""


class Plan(Passing):
    """One business's, from its first quote on."""

    def quote(self, kind: str, choice: str, now: datetime) -> Quote:
        """Have something quoted."""
        if kind == "subscription_change" and self.status in ("none", "incomplete", "cancelled"):
            self._choose_start(choice)
            return self._quote_start(now)
        if self.status == "suspended":
            raise Untold("what is suspended comes back")
        if self.live:
            raise Refused("change_in_progress")
        return self._quote_running(kind, choice, now)

    def _choose_start(self, tier: str) -> None:
        if self.status != "incomplete":
            if self.owed:
                raise Untold("what comes back pays first")
            self.version, self.status, self.mode, self.tier = (self.version[0] + 1, 1), "incomplete", "awake", tier
            self.periods, self.wakes_on, self.wakes_at = [], None, None
        elif tier != self.tier:
            if self.live:
                raise Refused("change_in_progress")
            self.tier = tier
            self.move()

    def _quote_start(self, now: datetime) -> Quote:
        if self.status != "incomplete":
            raise Refused("already_started")
        total = self.month("awake", self.tier)
        credit = min(total, self.credit)
        return Quote(self.version, "subscription_start", self.tier, self.day(now), total, credit, total)

    def _quote_running(self, kind: str, choice: str, now: datetime) -> Quote:
        running, day, is_asleep = self._get_running(now), self.day(now), self.mode == "hibernating"
        if kind == "prepayment":
            total = int(choice) * self.month(self.mode, self.next_tier)
            return Quote(self.version, kind, choice, day, total, 0, 0)
        if (kind == "waking") != is_asleep:
            raise Refused("asleep or awake")
        if kind == "subscription_change" and choice == self.tier:
            raise Refused("same_tier")
        mode = "hibernating" if kind == "hibernation" else "awake"
        if kind == "hibernation" and choice and date.fromisoformat(choice) <= day:
            choice = ""
        price = self.month(mode, choice if kind == "subscription_change" else self.tier)
        total = running.worth(price - running.monthly, day) - running.invoiced
        if self.status != "active" and total > 0:
            raise Refused("pay_first")
        return Quote(self.version, kind, choice, day, total, min(max(total, 0), self.credit), price)

    def _get_running(self, now: datetime) -> Period:
        running = self.running(now)
        if running is None or self.status not in LISTED:
            raise Refused("pay_first" if self.status == "suspended" else "not_running")
        return running

    def confirm(self, quote: Quote, by_card: bool, now: datetime) -> str:
        """Confirm a quote: ``opened``, ``same``, ``moved``, or ``settled`` where nothing is to pay."""
        if quote.version[0] != self.version[0]:
            raise Refused("of an earlier agreement")
        if quote.kind == "subscription_start" and self.status != "incomplete":
            raise Refused("already_started")
        if self.live:
            of = self.live.of
            if isinstance(of, Draft) and of.quote.asks_the_same(quote, self.currency) and not by_card:
                return "same"
            raise Refused("change_in_progress")
        if quote != self.renew(quote, now):
            return "moved"
        if quote.total < 0:
            period = self._get_running(now)
            self._carry_out(quote, period, quote.day, now)
            self.adjust(now)
            self.give_back(period, -quote.total, now)
            self.use_credit(now)
            return "settled"
        draft = self._draft(quote, now)
        if quote.due == 0 and quote.kind != "prepayment":
            self._fulfil(draft, quote.day, now)
            return "settled"
        return self._open(Session(draft, quote.due, self.version, quote.day, now + HOUR), by_card, now)

    def renew(self, quote: Quote, now: datetime) -> Quote:
        """What a quote would be at this moment."""
        if quote.kind == "subscription_start":
            return self._quote_start(now)
        return self._quote_running(quote.kind, quote.choice, now)

    def _draft(self, quote: Quote, now: datetime) -> Draft:
        last = self.drafts[-1] if self.drafts else None
        if last and not last.is_void and last.invoice is None and last.version[0] == self.version[0]:
            if last.version == self.version and last.quote.asks_the_same(quote, self.currency):
                return last
            last.is_void = True
        self.drafts.append(Draft(quote, self.version, self.running(now)))
        return self.drafts[-1]

    def _open(self, session: Session, by_card: bool, now: datetime) -> str:
        self.sessions.append(session)
        if by_card and self.card != "ok":
            session.end("failed", now)
        elif by_card:
            self.learn(session, now)
        return "opened"

    def learn(self, session: Session, now: datetime) -> None:
        """Money has come for a session, in time or after its end."""
        day = session.day if session.state == "open" else self.day(now)
        session.state, session.is_paid = "paid", True
        session.became = self._become(session, day, now)

    def _become(self, session: Session, day: date, now: datetime) -> str:
        of = session.of
        invoice = of if isinstance(of, Invoice) else of.invoice
        if invoice is not None and invoice.is_owed and invoice.due == session.owed:
            self._end_others(session, now)
            invoice.paid += session.owed
            self.settle(invoice, now)
            return "applied"
        if isinstance(of, Draft) and self._stands(of, now):
            self._end_others(session, now)
            if of.quote.kind != "prepayment":
                self._fulfil(of, day, now)
                return "applied"
            of.is_void = True
        elif invoice is not None and invoice.was_paid:
            self.held_back += 1
            return "held"
        self.credit += session.owed
        self.use_credit(now)
        return "credited"

    def _end_others(self, session: Session, now: datetime) -> None:
        for other in self.sessions:
            if other.state == "open" and other.of is session.of:
                other.end("cancelled", now)

    def _stands(self, draft: Draft, now: datetime) -> bool:
        if draft.is_void or draft.invoice is not None or draft.version != self.version:
            return False
        is_change = draft.quote.kind not in ("subscription_start", "prepayment")
        if is_change and (self.status not in LISTED or self.running(now) is not draft.period):
            return False
        return draft.quote.credit <= self.credit

    def _fulfil(self, draft: Draft, day: date, now: datetime) -> None:
        self.credit -= draft.quote.credit
        period = self._carry_out(draft.quote, draft.period, day, now)
        draft.invoice = self.issue_paid(draft.quote, period)
        self.adjust(now)

    def _carry_out(self, quote: Quote, period: Period | None, day: date, now: datetime) -> Period:
        self.move()
        self.is_to_count = True
        if quote.kind == "subscription_start":
            self.status, self.anchor = "active", day
            period = Period(day, months_after(day, 1), [(quote.total, day)])
            self.periods.append(period)
            self.looks_at = self.first_look()
            return period
        assert period is not None
        period.held.append((quote.next_amount - period.monthly, quote.day))
        if quote.kind == "subscription_change":
            self._hold(quote.choice)
        else:
            self.mode = "hibernating" if quote.kind == "hibernation" else "awake"
            self.plan_waking(date.fromisoformat(quote.choice) if quote.choice else None)
        return period

    def plan_waking(self, day: date | None) -> None:
        """Choose the day on which it wakes, or none."""
        self.wakes_on = day
        self.wakes_at = self.at(day) + AFTER_MIDNIGHT if day else None

    def due(self, until: datetime) -> list[Event]:
        """With the day on which it wakes."""
        wakes = [(self.wakes_at, 6, self._wake)] if self.wakes_at and self.wakes_at <= until else []
        return [*super().due(until), *wakes]

    def _wake(self, now: datetime) -> None:
        """Wake it where credit or the card pays for that; else somebody is asked to."""
        self.wakes_at = None
        if self.mode != "hibernating" or self.status not in LISTED or self.live:
            return
        try:
            quote = self._quote_running("waking", "", now)
        except Refused:
            return
        has_to_charge = bool(quote.due and self.can_charge(quote.due))
        if quote.due == 0 or has_to_charge:
            self.charges += has_to_charge
            self.confirm(quote, has_to_charge, now)

    def wake_as(self, tier: str) -> None:
        """Choose what it wakes as."""
        if self.mode != "hibernating" or self.status == "cancelled" or self.live:
            raise Refused("not_hibernating")
        self._hold(tier)
        self.move()
        self.is_to_count = True

    def _hold(self, tier: str) -> None:
        """Have a tier; what was chosen for the period's end is not pending once it is held."""
        self.tier = tier
        if self.pending == tier:
            self.pending, self.turns_on = "", None

    def choose_next(self, tier: str, now: datetime) -> None:
        """Choose another tier for the period's end."""
        running = self._get_changeable(now)
        if self.mode == "hibernating" or tier == self.tier:
            raise Refused("same_tier")
        if self.status != "active" and self.month("awake", tier) > self.month("awake", self.tier):
            raise Refused("pay_first")
        self.looks_at = self.looks_at or max(self.first_look(), now)
        self._turn_to(tier, running.end, now)

    def cancel(self, now: datetime) -> None:
        """Let it end with its period, or at once where nothing runs."""
        if self.status in ("incomplete", "suspended"):
            if self.live:
                raise Refused("change_in_progress")
            self.end(now)
            return
        running = self._get_changeable(now)
        self.looks_at = None
        self._turn_to("end", running.end, now)

    def take_back(self, now: datetime) -> None:
        """Let it go on as it is."""
        self._get_changeable(now)
        if not self.pending:
            raise Refused("nothing_pending")
        self.looks_at = max(self.first_look(), now)
        self._turn_to("", None, now)

    def _get_changeable(self, now: datetime) -> Period:
        running = self._get_running(now)
        if self.live:
            raise Refused("change_in_progress")
        return running

    def _turn_to(self, what: str, on: date | None, now: datetime) -> None:
        self.pending, self.turns_on = what, on
        self.move()
        self.adjust(now)
        self.use_credit(now)

    def pay_open(self, invoice: Invoice, by_card: bool, now: datetime) -> str:
        """Pay what was issued: ``opened``, ``same``, or ``settled`` where credit pays all of it."""
        if self.status == "suspended":
            raise Untold("what is suspended is paid")
        if not invoice.is_owed:
            raise Refused("nothing_owed")
        if self.live and (self.live.of is not invoice or by_card):
            raise Refused("change_in_progress")
        if self.live:
            return "same"
        self.spend(invoice)
        self.settle(invoice, now)
        if not invoice.is_owed:
            return "settled"
        return self._open(Session(invoice, invoice.due, self.version, self.day(now), now + HOUR), by_card, now)
