"""What a plan is made of, in plain Python: periods, invoices, cases of dunning, quotes and payments."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from fractions import Fraction

from tests.simulation import prices

HOUR = timedelta(hours=1)
Version = tuple[int, int]
"""The how manyeth agreement it is, and how often that has changed."""


@dataclass
class Period:
    """A month of a plan, cut at the midnights of where it lived when that was invoiced; ``held`` is what a whole one
    costs more or less from a day on."""

    start: date
    end: date
    starts_at: datetime
    ends_at: datetime
    held: list[tuple[int, date]] = field(default_factory=list)
    invoiced: int = 0
    """Less what came back because something changed."""

    @property
    def monthly(self) -> int:
        """What a whole one costs by now."""
        return sum(price for price, _ in self.held)

    def within(self, day: date) -> date:
        """The day of it that is nearest."""
        return min(max(day, self.start), self.end - timedelta(days=1))

    def worth(self, more: int, day: date) -> int:
        """What it costs in all if from a day on it costs so much more: by whole days, rounded once."""
        days = (self.end - self.start).days
        exact = sum(
            (Fraction(price * (self.end - on).days, days) for price, on in [*self.held, (more, day)]), Fraction(0)
        )
        return prices.rounded(exact)


@dataclass
class Case:
    """What an invoice is dunned for."""

    started_at: datetime
    next_at: datetime
    is_charged: bool
    step: int = 0
    status: str = "running"


@dataclass
class Invoice:
    """What was issued: settled by credit and money, taken down by credit notes."""

    kind: str
    total: int
    period: Period
    agreement: int
    """Of which agreement it is."""
    status: str = "open"
    credit: int = 0
    paid: int = 0
    credited: int = 0
    credited_open: int = 0
    collect_at: datetime | None = None
    """When it is collected without anybody, the first time."""
    case: Case | None = None

    @property
    def due(self) -> int:
        """What is still owed of it."""
        return self.total - self.credit - self.paid - self.credited_open

    @property
    def is_owed(self) -> bool:
        """Whether it can be paid; what was given up can, too."""
        return self.status in ("open", "uncollectible")

    @property
    def was_paid(self) -> bool:
        """Whether money or credit paid it."""
        return self.status == "paid" and bool(self.paid or not self.credited_open)


@dataclass(frozen=True)
class Quote:
    """A price that was shown; a total below zero comes back."""

    version: Version
    kind: str
    choice: str
    """The tier, the months, or the day of waking."""
    day: date
    total: int
    credit: int
    next_amount: int
    arrears: tuple[int, ...] = ()
    """What was carried, if anything was, and what invoices owe from before, where that is paid along."""
    charged: frozenset[str] = frozenset()
    """The branches that it charges."""
    leaving: frozenset[str] = frozenset()
    """Those that it lets go."""

    @property
    def due(self) -> int:
        """What is left to pay of it."""
        return max(self.total, 0) - self.credit

    @property
    def to_pay(self) -> int:
        """What is left to pay, and what was owed before."""
        return self.due + sum(self.arrears)

    def asks_the_same(self, other: "Quote", currency: str) -> bool:
        """Whether two quotes come to the same lines; most of them name their day, others that of a rate."""
        is_dayless = self.kind in ("prepayment", "carried") or (self.kind == "subscription_start" and currency == "GBP")
        mine, theirs = (
            (one.kind, one.choice, one.total, one.credit, one.arrears, one.charged) for one in (self, other)
        )
        return mine == theirs and (is_dayless or self.day == other.day)


@dataclass
class Draft:
    """The invoice of a quote before it is paid."""

    quote: Quote
    version: Version
    period: Period | None
    is_void: bool = False
    invoice: Invoice | None = None


@dataclass
class Session:
    """A code that somebody can scan, or a card that is charged; for a draft or for an open invoice."""

    of: Draft | Invoice
    owed: int
    arrears: int
    """The part of that which was owed before."""
    agreement: int
    day: date
    expires_at: datetime
    state: str = "open"
    ended_at: datetime | None = None
    public_id: str = ""
    is_paid: bool = False
    became: str = ""

    def end(self, state: str, now: datetime) -> None:
        """End it without money."""
        self.state, self.ended_at = state, now
