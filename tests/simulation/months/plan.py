"""What somebody may do with a plan, and what becomes of the money: told without the product."""

from collections.abc import Iterable
from datetime import date, datetime, timedelta

from tests.simulation.days import months_after
from tests.simulation.months.papers import HOUR, Draft, Invoice, Period, Quote, Session
from tests.simulation.months.passing import Event
from tests.simulation.months.quoting import FOR_CREDIT, LISTED, Quoting, Refused

AFTER_MIDNIGHT, UNTIL_PAID = timedelta(minutes=5), timedelta(hours=2)


class Plan(Quoting):
    """One business's, from its first quote on."""

    def confirm(self, quote: Quote, by_card: bool, now: datetime, *, is_automatic: bool = False) -> str:
        """Confirm a quote: ``opened``, ``same``, ``moved``, or ``settled`` where nothing is to pay by now."""
        if quote.version[0] != self.version[0] or self.status == "cancelled":
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
            period = self.get_running(now)
            self._carry_out(quote, period, quote.day, now)
            self.adjust(now)
            self.give_back(period, -quote.total, now)
            self.use_credit(now)
            return "settled"
        return self._pay_quote(quote, by_card, now, is_automatic)

    def _pay_quote(self, quote: Quote, by_card: bool, now: datetime, is_automatic: bool) -> str:
        is_lent = by_card and self.is_too_little(quote.to_pay)
        if is_lent and quote.kind in (*FOR_CREDIT, "restoration"):
            raise Refused("nothing that could be carried")
        if quote.kind == "restoration" and quote.to_pay == 0:
            self._restore(quote.choice, now)
            return "settled"
        draft = self._draft(quote, now)
        if quote.due == 0 or is_lent:
            self.carried += quote.due
            self._fulfil(draft, quote.day, now, quote.due)
            return "settled"
        arrears = sum(quote.arrears)
        session = Session(draft, quote.to_pay, arrears, self.version[0], quote.day, now + HOUR)
        return self._open(session, by_card, now, is_automatic)

    def _draft(self, quote: Quote, now: datetime) -> Draft:
        last = self.drafts[-1] if self.drafts else None
        if last and not last.is_void and last.invoice is None and last.version[0] == self.version[0]:
            if last.version == self.version and last.quote.asks_the_same(quote, self.currency):
                return last
            last.is_void = True
        self.drafts.append(Draft(quote, self.version, self.running(now)))
        return self.drafts[-1]

    def _open(self, session: Session, by_card: bool, now: datetime, is_automatic: bool = False) -> str:
        self.sessions.append(session)
        self.charges += is_automatic
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
        of, is_restored = session.of, False
        invoice = of if isinstance(of, Invoice) else of.invoice
        if invoice is not None and invoice.is_owed and invoice.due == session.owed - session.arrears:
            self._receive(session, now)
            invoice.paid += invoice.due
            self.settle(invoice, now)
            self._pay_arrears(session, now)
            return "applied"
        if isinstance(of, Draft) and self._stands(of, now):
            if of.quote.kind not in (*FOR_CREDIT, "restoration"):
                self._receive(session, now)
                self._fulfil(of, day, now)
                self._pay_arrears(session, now)
                return "applied"
            self._end_others(session, now)
            of.is_void, is_restored = True, of.quote.kind == "restoration"
        elif invoice is not None and invoice.was_paid:
            self.held_back += 1
            return "held"
        self.credit += session.owed
        if is_restored:
            self._restore(of.quote.choice, now)
        self.use_credit(now)
        return "credited"

    def _receive(self, session: Session, now: datetime) -> None:
        self._end_others(session, now)
        self.credit += session.arrears

    def _pay_arrears(self, session: Session, now: datetime) -> None:
        if session.arrears:
            self.use_credit(now)

    def _end_others(self, session: Session, now: datetime) -> None:
        for other in self.sessions:
            if other.state == "open" and other.of is session.of:
                other.end("cancelled", now)

    def _stands(self, draft: Draft, now: datetime) -> bool:
        if draft.is_void or draft.invoice is not None or draft.version != self.version:
            return False
        if draft.quote.kind == "restoration":
            owed, credit = self.owed_before()
            return self.status == "suspended" and draft.quote.arrears == owed and draft.quote.credit <= credit
        is_change = draft.quote.kind not in ("subscription_start", *FOR_CREDIT)
        if is_change and (self.status not in LISTED or self.running(now) is not draft.period):
            return False
        is_there = draft.quote.charged <= self.all_branches and draft.quote.leaving <= self.leaving
        return is_there and draft.quote.credit <= self.credit

    def _fulfil(self, draft: Draft, day: date, now: datetime, lent: int = 0) -> None:
        self.credit -= draft.quote.credit
        period = self._carry_out(draft.quote, draft.period, day, now)
        draft.invoice = self.issue_paid(draft.quote, period, lent)
        self.adjust(now)

    def _carry_out(self, quote: Quote, period: Period | None, day: date, now: datetime) -> Period:
        self.move()
        self.is_to_count = True
        if quote.kind in ("subscription_start", "waking"):
            self.extra = len(quote.charged)
            self.show(quote.charged)
        if quote.kind == "subscription_start":
            self.status, self.anchor = "active", day
            end = months_after(day, 1)
            period = Period(day, end, self.at(day), self.at(end), [(quote.total, day)])
            self.periods.append(period)
            self.looks_at = self.first_look()
            self.collect_branches(now)
            return period
        assert period is not None
        period.held.append((quote.next_amount - period.monthly, quote.day))
        if quote.kind == "subscription_change":
            self._hold(quote.choice)
        elif quote.kind == "branch_batch":
            self.extra += len(quote.charged) - len(quote.leaving)
            self.show(quote.charged)
            self.forget(quote.leaving)
        else:
            if quote.kind == "hibernation":
                self.forget(self.leaving)
            self.mode = "hibernating" if quote.kind == "hibernation" else "awake"
            self.collect_branches(now)
            self.plan_waking(date.fromisoformat(quote.choice) if quote.choice else None)
        return period

    def show(self, branches: Iterable[str]) -> None:
        """Branches are paid for."""
        for branch in branches:
            self.waiting.pop(branch, None)
            self.shown.add(branch)

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
        if self.mode != "hibernating" or self.status not in LISTED:
            return
        if self.live:
            self.wakes_at = now + UNTIL_PAID
            return
        try:
            quote = self._quote_running("waking", "", now)
        except Refused:
            return
        if quote.due == 0 or self.card:
            self.confirm(quote, bool(quote.due), now, is_automatic=True)

    def live_in(self, zone: str, now: datetime) -> None:
        """Live in another zone from now on: only what is cut from now on is cut at its midnights."""
        if zone == self.zone:
            return
        if self.live and self.status != "cancelled":
            raise Refused("change_in_progress")
        self.zone = zone
        self.lived.append((now, zone))
        if self.wakes_on and self.wakes_at and self.wakes_at > now:
            self.wakes_at = max(self.at(self.wakes_on) + AFTER_MIDNIGHT, now)

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
        if self.pending != tier:
            self.looks_at = self.looks_at or max(self.first_look(), now)
            self._turn_to(tier, running, now)

    def cancel(self, now: datetime) -> None:
        """Let it end with its period, or at once where nothing runs."""
        is_between = self.status in LISTED and self.running(now) is None
        if self.status in ("incomplete", "suspended") or is_between:
            if self.live:
                raise Refused("change_in_progress")
            self.end(now)
            self.clear_all()
            return
        running = self._get_changeable(now)
        if self.pending != "end":
            self.looks_at = None
            self._turn_to("end", running, now)

    def take_back(self, now: datetime) -> None:
        """Let it go on as it is."""
        self._get_changeable(now)
        if not self.pending:
            raise Refused("nothing_pending")
        self.looks_at = max(self.first_look(), now)
        self._turn_to("", None, now)

    def _get_changeable(self, now: datetime) -> Period:
        running = self.get_running(now)
        if self.live:
            raise Refused("change_in_progress")
        return running

    def _turn_to(self, what: str, on: Period | None, now: datetime) -> None:
        self.pending, self.turns_on, self.turns_at = what, on and on.end, on and on.ends_at
        self.move()
        self.adjust(now)
        self.use_credit(now)

    def pay_open(self, invoice: Invoice, by_card: bool, now: datetime) -> str:
        """Pay what was issued: ``opened``, ``same``, or ``settled`` where nothing is to pay by now."""
        if not invoice.is_owed:
            raise Refused("nothing_owed")
        live = self.live_of(invoice.agreement)
        if live and (live.of is not invoice or by_card):
            raise Refused("change_in_progress")
        if live:
            return "same"
        if by_card and self._is_stuck(invoice):
            raise Refused("nothing that could be carried")
        self.spend(invoice)
        self.settle(invoice, now)
        if not invoice.is_owed or (by_card and self.carry(invoice, now)):
            return "settled"
        along, day = self.carried_to(invoice), self.day(now)
        owed = invoice.due + along
        return self._open(Session(invoice, owed, along, invoice.agreement, day, now + HOUR), by_card, now)

    def _is_stuck(self, invoice: Invoice) -> bool:
        """Whether credit leaves too little for a card, and nothing runs whose next payment it could be carried to."""
        rest, runs = max(invoice.due - self.credit, 0), self.is_current(invoice) and self.status in LISTED
        return not runs and rest > 0 and self.is_too_little(rest + self.carried_to(invoice))

    def _restore(self, tier: str, now: datetime) -> None:
        """What was suspended is followed by another agreement with its mode, which credit starts from today on."""
        self.tier = tier
        self.version, self.status, self.periods, self.extra = (self.version[0] + 1, 1), "incomplete", [], 0
        self.clear_all()
        self.use_credit(now)
        self.drafts.append(Draft(self._quote_start(now), self.version, None))
        self._fulfil(self.drafts[-1], self.day(now), now)
        is_ahead = self.wakes_on is not None and self.wakes_on > self.day(now)
        self.plan_waking(self.wakes_on if is_ahead else None)
