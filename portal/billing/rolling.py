"""Agreements rolled forward without being stored: what is to come happens to a copy when it will happen, by the same
functions, and gives the charges that come of it.

It takes for granted that everybody pays in time, and prices by the price book and the rates of the instant it began at.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from portal.billing import (
    advance,
    batch_settling,
    branch_batches,
    changes,
    hibernation,
    holdings,
    quote_change,
    quotes,
    renewals,
    subscriptions,
    ways,
)
from portal.billing.branch_batches import Batch
from portal.billing.due import Due
from portal.billing.graces_ahead import GraceAhead
from portal.billing.holdings import Current
from portal.billing.month_prices import Prices
from portal.billing.periods import Period
from portal.billing.planned import Planned
from portal.billing.pricing import day_lines
from portal.billing.proration import Holding, difference
from portal.billing.quote_change import Change
from portal.billing.renewal_rules import Step
from portal.billing.renewals import Look
from portal.catalogue.errors import UnknownOffer
from portal.currency.errors import RatesStale
from portal.invoicing.batches import Drawn
from portal.invoicing.invoices import rows_of
from portal.kit.money import Money


@dataclass(frozen=True, slots=True)
class Charge:
    """What will be invoiced by ``kind``, with its ``lines`` as they will be stored; without a ``total`` it waits for a
    price."""

    of: Due
    kind: str
    due_on: date
    period: Period
    paid_by: str
    """``credit``, ``stored_card``, ``carried`` or ``payment_link``; else the code of why there is no price."""
    lines: Sequence[Mapping[str, Any]] = ()
    total: Money | None = None
    credit: Money | None = None
    """The part that the customer's credit pays."""
    along: Money | None = None
    """What was carried before and is collected with it."""

    @property
    def buyer(self) -> str:
        """The name that the invoice will bear."""
        return str(self.of.buyer["name"])


Charges = Iterator[Charge]
Act = Callable[[datetime], Charges]


class Renewing:
    """A subscription of which nothing but its renewals is to come."""

    def __init__(self, one: Due, prices: Prices, now: datetime) -> None:
        self._one, self._prices, self._now = one, prices, now
        self._looks_at = one.renews_at

    def charges(self, until: datetime) -> Charges:
        """Let time go by, and give each charge when it is made."""
        while (following := self._following()) is not None and following[0] <= until:
            at, act = following
            yield from act(at)

    def _following(self) -> tuple[datetime, Act] | None:
        """Return what comes next, and when."""
        return (max(self._looks_at, self._now), self._renew) if self._looks_at else None

    def _renew(self, at: datetime) -> Charges:
        look = renewals.look_at(self._one, self._prices, at)
        self._looks_at = look.again_at if look.priced else None
        if look.priced is None:
            yield Charge(self._one, renewals.KIND, look.period.starts_on, look.period, look.lacks)
        elif look.step is Step.INVOICE:
            drawn = renewals.draw(look, self._prices, at)
            yield self._charged(renewals.KIND, drawn.due_on, look.period, drawn.lines, drawn.total)
            self._begin(look, drawn, at)

    def _begin(self, look: Look, drawn: Drawn, at: datetime) -> None:
        """Have the period that is invoiced at ``at`` be the newest one."""
        self._one = replace(self._one, period=look.period)

    @property
    def _carried(self) -> Money:
        return Money(self._one.carried, self._one.currency)

    def _has_card(self) -> bool:
        return self._one.has_method

    def _paid_by(self, due: Money) -> str:
        """Return how what credit leaves of a charge is paid, with what was carried."""
        rest = due - Money(self._one.credit, due.currency)
        if rest <= Money.zero(rest.currency):
            return "credit"
        if not self._has_card():
            return "payment_link"
        return "carried" if ways.is_too_little(rest + self._carried) else "stored_card"

    def _charged(
        self, kind: str, due_on: date, period: Period, lines: Sequence[Mapping[str, Any]], due: Money
    ) -> Charge:
        """Return a charge, and have credit and what is carried be as it leaves them."""
        by, carried = self._paid_by(due), self._carried
        credit = min(due, Money(self._one.credit, due.currency))
        left = {"credit": carried, "carried": carried + due - credit}.get(by, Money.zero(due.currency))
        self._one = replace(self._one, credit=self._one.credit - credit.amount, carried=left.amount)
        along = carried if by in ("stored_card", "payment_link") else Money.zero(due.currency)
        return Charge(self._one, kind, due_on, period, by, lines, due, credit, along)


class Changing(Renewing):
    """A subscription that is also to change by itself: its batch is settled, it wakes, or a grace of it ends."""

    def __init__(self, one: Due, planned: Planned, prices: Prices, now: datetime) -> None:
        super().__init__(one, prices, now)
        self._agreement, self._customer = planned.subscription, planned.customer
        self._running = running = holdings.current(self._agreement, one.currency, now)
        self._ahead = holdings.following(self._agreement, one.currency, now)
        self._batch, self._settles_at = branch_batches.batch_of(self._customer), planned.settles_at
        self._turns_at = now
        if running is not None and running.period.ends_on == self._agreement.turns_on:
            self._turns_at = running.period.ends_at
        self._grace = GraceAhead(planned, now) if planned.grace is not None else None

    def charges(self, until: datetime) -> Charges:
        """Let time go by until something has no price."""
        try:
            yield from super().charges(until)
        except (RatesStale, UnknownOffer) as missing:
            yield Charge(self._one, quotes.CHANGE, self._one.period.starts_on, self._one.period, missing.code)

    def _following(self) -> tuple[datetime, Act] | None:
        """Return what comes next; of what comes at the same instant, what is done first."""
        found = [(max(at, self._now), act) for at, act in self._to_come() if at is not None]
        return min(found, key=lambda one: one[0], default=None)

    def _to_come(self) -> Sequence[tuple[datetime | None, Act]]:
        agreement = self._agreement
        turns_at = self._turns_at if agreement.turns_on else None
        wakes_at = hibernation.wakes_at(agreement.wakes_on, self._one.time_zone) if agreement.wakes_on else None
        return (
            (turns_at, self._turn),
            (self._settles_at, self._settle),
            (self._looks_at, self._renew),
            (wakes_at, self._wake),
            (self._grace.looks_at if self._grace else None, self._look_at_grace),
        )

    def _begin(self, look: Look, drawn: Drawn, at: datetime) -> None:
        self._current(at)
        super()._begin(look, drawn, at)
        rate_on, first = look.priced.rate_on if look.priced else None, look.period.starts_on
        currency = self._one.currency
        held = [
            Holding(line["code"], line["quantity"], Money(line["unit_amount"], currency), first) for line in drawn.lines
        ]
        self._ahead = Current(self._one.id, look.period, rate_on, held, drawn.total)

    def _current(self, at: datetime) -> Current | None:
        """Return the period that runs at ``at``; what is invoiced ahead becomes that as time goes by."""
        if self._ahead is not None and self._ahead.period.starts_at <= at:
            self._running, self._ahead = self._ahead, None
        if self._running is not None and self._running.period.ends_at <= at:
            self._running = None
        return self._running

    def _turn(self, at: datetime) -> Charges:
        """Let happen what was chosen for the period's end."""
        if self._agreement.pending_tier_code is None:
            self._looks_at = self._settles_at = self._grace = self._agreement.wakes_on = self._agreement.turns_on = None
        else:
            self._become(subscriptions.moves_to(self._agreement, self._agreement.pending_tier_code))
        yield from ()

    def _settle(self, at: datetime) -> Charges:
        batch, running = self._batch, self._current(at)
        self._settles_at, self._batch = None, Batch((), ())
        if self._agreement.mode != "awake":
            return
        if running is not None:
            if batch.added or batch.leaving:
                yield from self._settle_in(running, batch, at)
            return
        self._become({"extra_branches": self._agreement.extra_branches - len(batch.leaving)})
        if batch.added and self._looks_at is not None:
            self._batch, self._settles_at = Batch(batch.added, ()), at + batch_settling.UNTIL_RENEWED

    def _settle_in(self, running: Current, batch: Batch, at: datetime) -> Charges:
        """Settle a batch; where somebody has to be asked for what is added, what goes is settled before."""
        change = branch_batches.settling(self._agreement, batch, running, self._day(running, at), self._now)
        due, _ = difference(running.held, change.holdings, running.invoiced, running.period)
        if batch.leaving and batch.added and self._paid_by(due) == "payment_link":
            yield from self._settle_in(running, Batch((), batch.leaving), at)
            yield from self._settle_in(self._current(at) or running, Batch(batch.added, ()), at)
        else:
            yield from self._carry_out(running, change, at)

    def _wake(self, at: datetime) -> Charges:
        self._agreement.wakes_on = None
        running = self._current(at)
        if running is None:
            return
        change = hibernation.waking(self._agreement, self._customer, running, self._day(running, at), self._now)
        yield from self._carry_out(running, change, at)
        if self._grace is not None:
            self._grace.wake(at)

    def _look_at_grace(self, at: datetime) -> Charges:
        grace, running = self._grace, self._current(at)
        if grace is None or running is None:
            self._grace = None
            return
        change = grace.look(running, self._carried, at)
        if not grace.is_open:
            self._grace = None
        if change is not None:
            due, _ = difference(running.held, change.holdings, running.invoiced, running.period)
            if grace.may_cost(due, self._carried, self._paid_by(due)):
                yield from self._carry_out(running, change, at)

    def _carry_out(self, running: Current, change: Change, at: datetime) -> Charges:
        """Charge what a change of the running period costs, and have it be so."""
        due, shares = difference(running.held, change.holdings, running.invoiced, running.period)
        self._running = replace(running, held=[*running.held, *change.holdings], invoiced=running.invoiced + due)
        lines = rows_of(day_lines(change.holdings, shares, running.period, change.notes))
        yield from self._charged_if_any(change.kind, self._day(running, at), running.period, lines, due)
        self._become(changes.moves_of(self._agreement, change.moves))
        yield from self._adjust()
        self._give_back(due)

    def _adjust(self) -> Charges:
        """Bring the next period in line with what has changed, if it is invoiced already (``advance``)."""
        ahead = self._ahead
        if ahead is None:
            return
        change, first = advance.adjusting(self._agreement, ahead, self._now), ahead.period.starts_on
        if change:
            due, shares = difference(ahead.held, change, ahead.invoiced, ahead.period)
            self._ahead = replace(ahead, held=[*ahead.held, *change], invoiced=ahead.invoiced + due)
            lines = rows_of(day_lines(change, shares, ahead.period))
            yield from self._charged_if_any(advance.FURTHER, first, ahead.period, lines, due)
            self._give_back(due)

    def _charged_if_any(
        self, kind: str, due_on: date, period: Period, lines: Sequence[Mapping[str, Any]], due: Money
    ) -> Charges:
        if due > Money.zero(due.currency):
            yield self._charged(kind, due_on, period, lines, due)

    def _give_back(self, due: Money) -> None:
        """Have what comes back pay what was carried, and be credit for the rest."""
        back = max(0, -due.amount)
        rest = back - min(back, self._one.carried)
        self._one = replace(self._one, credit=self._one.credit + rest, carried=self._one.carried - (back - rest))

    def _day(self, running: Current, at: datetime) -> date:
        return quote_change.day_of(running, self._customer, at)

    def _has_card(self) -> bool:
        return ways.find_card(self._customer.id) is not None

    def _become(self, moved: Mapping[str, Any]) -> None:
        agreement = self._agreement
        for name, value in moved.items():
            setattr(agreement, name, value)
        terms = (agreement.mode, agreement.pending_tier_code or agreement.tier_code, agreement.extra_branches)
        self._one = replace(self._one, terms=terms)
