"""What the product should do, told a second time in plain Python: no database, and nothing imported from the product.

The model decides what pages answer and what money becomes. *When* the product learns of money it did not hear of is
observed, and held against how long it may take.
"""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Literal

from tests.simulation import prices
from tests.simulation.days import day_in, month_after

ZERO = Fraction(0)
HOUR = timedelta(hours=1)
LIFETIME, LONGEST, WATCH = HOUR, 2 * HOUR, 24 * HOUR
LEARNED_WITHIN = timedelta(seconds=90)
LATER_LEARNED_WITHIN = timedelta(minutes=61)
"""A live session is asked about at least this often, one that ended once an hour."""


@dataclass(frozen=True)
class Basis:
    """What a quote rests on; two that agree in it ask for the same."""

    version: int
    tier: str
    branches: frozenset[str]
    credit: int
    is_change: bool = False


@dataclass(frozen=True)
class Quote:
    """A price that was shown: ``due`` in the shop's currency, ``asked`` in fen. A total below zero comes back."""

    basis: Basis
    day: date
    total: int
    due: int
    asked: int


@dataclass
class Invoice:
    """The draft of a quote, and what became of it."""

    quote: Quote
    status: Literal["draft", "paid", "void"] = "draft"


@dataclass
class Payment:
    """Money at the provider, before or after the product knows of it."""

    amount: int
    currency: str
    paid_at: datetime
    was_told: bool
    learned: str | None = None


@dataclass
class Session:
    """The collection of one amount."""

    invoice: Invoice
    day: date
    opened_at: datetime
    expires_at: datetime
    state: str = "open"
    ended_at: datetime | None = None
    payment: Payment | None = None
    is_undisturbed: bool = True

    @property
    def is_live(self) -> bool:
        """Whether it may still be paid in time; without a code it is only ``created``."""
        return self.state in ("created", "open")

    def end(self, state: str, now: datetime) -> None:
        """End it without money."""
        self.state, self.ended_at = state, now


@dataclass
class Shop:
    """A business as its books should be."""

    currency: str
    zone: str
    branches: set[str] = field(default_factory=set)
    shown: set[str] = field(default_factory=set)
    """Those of them that are paid for."""
    leaving: set[str] = field(default_factory=set)
    """Those of them that go when the day ends."""
    batches: int = 0
    """How often what was added and what goes has been settled."""
    tier: str = ""
    version: int = 0
    is_active: bool = False
    period: tuple[date, date] | None = None
    held: list[tuple[int, date]] = field(default_factory=list)
    """What a month costs more or less from a day of the period on."""
    invoiced: int = 0
    """For the period, less what came back."""
    credit: int = 0
    invoices: list[Invoice] = field(default_factory=list)
    sessions: list[Session] = field(default_factory=list)

    @property
    def live(self) -> Session | None:
        """The session that may still be paid."""
        return next((session for session in self.sessions if session.is_live), None)

    @property
    def draft(self) -> Invoice | None:
        """The invoice that waits for its money."""
        return next((invoice for invoice in self.invoices if invoice.status == "draft"), None)

    def price(self, now: datetime, tier: str) -> Quote:
        """What starting costs at this moment, or changing to a tier."""
        if self.is_active:
            total = self._worth(self._change_to(tier, day_in(self.zone, now))) - self.invoiced
        else:
            total = prices.total(self.tier, len(self.branches), self.currency)
        credit = min(max(total, 0), self.credit)
        branches = frozenset() if self.is_active else frozenset(self.branches)
        basis = Basis(self.version, tier, branches, credit, self.is_active)
        due = max(total, 0) - credit
        return Quote(basis, day_in(self.zone, now), total, due, prices.in_fen(due, self.currency))

    def _change_to(self, tier: str, day: date) -> list[tuple[int, date]]:
        more = prices.monthly(tier, self.currency) - prices.monthly(self.tier, self.currency)
        return [*self.held, (more, day)]

    def _worth(self, held: list[tuple[int, date]]) -> int:
        """What the period costs in all: each price by the days for which it is held, rounded once."""
        assert self.period is not None
        start, end = self.period
        return prices.rounded(
            sum((Fraction(price * (end - day).days, (end - start).days) for price, day in held), ZERO)
        )

    def choose(self, tier: str, now: datetime) -> str:
        """Choose a tier to be quoted: ``quoted``, or what refuses it."""
        if self.is_active:
            return self._refuses_change(tier, now) or "quoted"
        if self.live is not None and tier != self.tier:
            return "change_in_progress"
        if tier != self.tier:
            self.tier, self.version = tier, self.version + 1
        return "quoted"

    def _refuses_change(self, tier: str, now: datetime) -> str | None:
        if self.live is not None:
            return "change_in_progress"
        if not self._runs(now):
            return "not_running"
        return "same_tier" if tier == self.tier else None

    def _runs(self, now: datetime) -> bool:
        return self.period is not None and day_in(self.zone, now) < self.period[1]

    def confirm(self, quote: Quote, is_unclear: bool, now: datetime) -> str:
        """Confirm a quote: ``opened``, ``same`` payment, ``moved``, ``settled`` at once, or what refuses it.

        :param is_unclear: whether nobody knows at present if the provider made the order of the live session.
        """
        if self.is_active and not quote.basis.is_change:
            return "already_started"
        if self.live is not None:
            if is_unclear:
                return "payment_unresolved"
            return "same" if _asks_the_same(self.live.invoice.quote, quote) else "change_in_progress"
        refused = self._refuses_change(quote.basis.tier, now) if self.is_active else None
        if refused:
            return refused
        if quote != self.price(now, quote.basis.tier if self.is_active else self.tier):
            return "moved"
        if quote.total < 0:
            self.credit -= quote.total
            self._change(quote)
            return "settled"
        invoice = self._draft(quote)
        if quote.due == 0:
            self._fulfil(invoice, quote.day)
            return "settled"
        self.sessions.append(Session(invoice, quote.day, now, now + LIFETIME, state="created"))
        return "opened"

    def _draft(self, quote: Quote) -> Invoice:
        draft = self.draft
        if draft is not None and draft.quote.basis.version == self.version and _asks_the_same(draft.quote, quote):
            return draft
        if draft is not None:
            draft.status = "void"
        self.invoices.append(Invoice(quote))
        return self.invoices[-1]

    def remove(self, branch: str) -> None:
        """Take a branch out: at once, or when the day ends where it is paid for."""
        if branch in self.shown:
            self.leaving.add(branch)
        else:
            self.branches.remove(branch)

    def settle(self, now: datetime) -> tuple[set[str], set[str]]:
        """The product settles what was added and goes: all where credit pays, else what goes; return what it is."""
        day, added, left = day_in(self.zone, now), self.branches - self.shown, set(self.leaving)
        if self._costs(added, left, day) > self.credit:
            added = set()
        total = self._costs(added, left, day)
        if total >= 0:
            basis = Basis(self.version, "", frozenset(added), total, is_change=True)
            self._draft(Quote(basis, day, total, 0, 0)).status = "paid"
        self.credit -= total
        self.held, self.invoiced = self._with(added, left, day), self.invoiced + total
        self.branches, self.shown = self.branches - left, (self.shown | added) - left
        self.leaving, self.version, self.batches = set(), self.version + 1, self.batches + 1
        return added, left

    def _costs(self, added: set[str], left: set[str], day: date) -> int:
        return self._worth(self._with(added, left, day)) - self.invoiced

    def _with(self, added: set[str], left: set[str], day: date) -> list[tuple[int, date]]:
        more = (len(added) - len(left)) * prices.branch(self.currency)
        return [*self.held, (more, day)]

    def learn(self, session: Session, now: datetime, is_still_draft: bool) -> str:
        """The product hears of a session's money: ``applied``, ``credited``, ``held`` or ``suspense``."""
        payment, invoice = session.payment, session.invoice
        assert payment is not None
        payment.learned = self._become(session, payment, invoice, now, is_still_draft)
        session.state = "review" if payment.learned == "suspense" else "paid"
        session.ended_at = session.ended_at or now
        return payment.learned

    def _become(self, session: Session, payment: Payment, invoice: Invoice, now: datetime, is_still_draft: bool) -> str:
        if (payment.amount, payment.currency) != (self.asked(session), "CNY"):
            return "suspense"
        if is_still_draft and self._stands(invoice, now):
            self._fulfil(invoice, day_in(self.zone, now) if is_late(session) else session.day)
            for other in self.sessions:
                if other.is_live and other is not session and other.invoice is invoice:
                    other.end("cancelled", now)
            return "applied"
        if invoice.status == "paid":
            return "held"
        self.credit += invoice.quote.due
        return "credited"

    def asked(self, session: Session) -> int:
        """The fen that the wallet is asked for."""
        return session.invoice.quote.asked

    def _stands(self, invoice: Invoice, now: datetime) -> bool:
        basis = invoice.quote.basis
        is_same = invoice.status == "draft" and basis.version == self.version
        if basis.is_change and not self._runs(now):
            return False
        return is_same and basis.credit <= self.credit and basis.branches <= self.branches

    def _fulfil(self, invoice: Invoice, starts_on: date) -> None:
        quote = invoice.quote
        self.credit -= quote.basis.credit
        invoice.status = "paid"
        if quote.basis.is_change:
            self._change(quote)
            return
        self.is_active, self.version = True, self.version + 1
        self.period, self.shown = (starts_on, month_after(starts_on)), set(quote.basis.branches)
        self.held, self.invoiced = [(quote.total, starts_on)], quote.total

    def _change(self, quote: Quote) -> None:
        self.held = self._change_to(quote.basis.tier, quote.day)
        self.invoiced += quote.total
        self.tier, self.version = quote.basis.tier, self.version + 1


def _asks_the_same(one: Quote, other: Quote) -> bool:
    """Whether two quotes come to the same; those of a change do only on the same day."""
    first, second = one.basis, other.basis
    same_change = not first.is_change or (one.day, one.total) == (other.day, other.total)
    return same_change and (first.tier, first.branches, first.credit) == (second.tier, second.branches, second.credit)


def is_late(session: Session) -> bool:
    """Whether the payer paid after the session's end; the provider tells whole seconds."""
    assert session.payment is not None
    end = min(session.expires_at, session.ended_at or session.expires_at)
    return session.payment.paid_at.replace(microsecond=0) > end
