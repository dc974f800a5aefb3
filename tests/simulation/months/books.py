"""The books of a plan as they should be: what is issued, what is owed and what pays it, by the rules of credit."""

from datetime import UTC, date, datetime, timedelta

from tests.simulation import prices
from tests.simulation.days import day_in, midnight
from tests.simulation.months.papers import Case, Draft, Invoice, Period, Quote, Session, Version

LEAST_BY_CARD = {"GBP": 30, "EUR": 50, "CNY": 400, "JPY": 50}
REMINDED_ON = (0, 1, 3, 7, 14)
ENDS_AFTER = timedelta(days=60)
_MOMENT = timedelta(minutes=1)


class Books:
    """One customer's."""

    def __init__(self, currency: str, zone: str) -> None:
        self.currency, self.zone = currency, zone
        self.lived = [(datetime.min.replace(tzinfo=UTC), zone)]
        self.extra = 0
        """How many further branches the plan pays for."""
        self.status, self.mode, self.tier = "none", "awake", ""
        self.version: Version = (0, 0)
        self.periods: list[Period] = []
        """Of the newest agreement; the last one may be invoiced and not begun."""
        self.invoices: list[Invoice] = []
        self.drafts: list[Draft] = []
        self.sessions: list[Session] = []
        self.credit = self.carried = self.noted = self.held_back = 0
        """What we owe, what they owe with their next payment, what credit notes come to, and how many came twice."""
        self.credit_at: datetime | None = None
        """When credit that found its invoice being paid is looked at again."""
        self.card = ""
        """What its bank says: nothing (no card is stored), ``ok``, ``soft`` or ``hard``."""
        self.charges = 0
        """How often the card was charged without anybody."""
        self.told: list[tuple[object, ...]] = []
        self.is_to_count = False
        """Whether the products are to be counted beside what the tier holds."""

    @property
    def live(self) -> Session | None:
        """The session of the newest agreement that may still be paid."""
        return self.live_of(self.version[0])

    def live_of(self, agreement: int) -> Session | None:
        """The session of an agreement that may still be paid."""
        return next((one for one in self.sessions if one.state == "open" and one.agreement == agreement), None)

    @property
    def is_listed(self) -> bool:
        """Whether the public sees the business."""
        return self.mode == "awake" and self.status in ("active", "past_due")

    @property
    def owed(self) -> list[Invoice]:
        """What can be paid, oldest first; also what was given up."""
        return [invoice for invoice in self.invoices if invoice.is_owed]

    def day(self, now: datetime) -> date:
        """The day it is where the customer lives."""
        return day_in(self.zone, now)

    def at(self, day: date) -> datetime:
        """When a day begins there."""
        return midnight(self.zone, day)

    def zone_at(self, now: datetime) -> str:
        """Where the customer lived then."""
        return next(zone for since, zone in reversed(self.lived) if since <= now)

    def move(self) -> None:
        """The agreement changed: quotes of before do not hold any more."""
        self.version = (self.version[0], self.version[1] + 1)

    def month(self, mode: str, tier: str, branches: int | None = None) -> int:
        """What a whole month costs, with the branches that are paid for or with so many."""
        if mode == "hibernating":
            return prices.hibernation(self.currency)
        return prices.total(tier, self.extra if branches is None else branches, self.currency)

    def issue(self, kind: str, period: Period, total: int, now: datetime) -> None:
        """Issue what is not paid yet; credit pays what it can, the rest is collected on the period's first day."""
        invoice = Invoice(kind, total, period, self.version[0], collect_at=max(period.starts_at, now))
        period.invoiced += total
        self.invoices.append(invoice)
        self.spend(invoice)

    def issue_paid(self, quote: Quote, period: Period, lent: int) -> Invoice:
        """Issue what was paid for by credit, some of it maybe lent for it, and money."""
        settled = (quote.credit + lent, quote.due - lent)
        invoice = Invoice(quote.kind, quote.total, period, self.version[0], "paid", *settled)
        period.invoiced += quote.total
        self.invoices.append(invoice)
        return invoice

    def spend(self, invoice: Invoice) -> None:
        """Pay an invoice by credit, as far as that goes."""
        part = min(self.credit, invoice.due)
        self.credit -= part
        invoice.credit += part

    def settle(self, invoice: Invoice, now: datetime) -> None:
        """Take note of an invoice of which nothing is owed any more."""
        if invoice.is_owed and invoice.due == 0:
            invoice.status = "paid"
            self.clear(invoice)

    def use_credit(self, now: datetime) -> None:
        """Pay what was carried and then what is owed, oldest first; what is being paid this moment is waited for."""
        self.credit_at = None
        along = [one.expires_at for one in self.sessions if one.state == "open" and one.arrears]
        if along:
            self.credit_at = max(along) + _MOMENT
            return
        part = min(self.credit, self.carried)
        self.credit, self.carried = self.credit - part, self.carried - part
        for invoice in self.owed:
            live = next((one for one in self.sessions if one.state == "open" and one.of is invoice), None)
            if live is not None:
                self.credit_at = live.expires_at + _MOMENT
                return
            self.spend(invoice)
            self.settle(invoice, now)

    def give_back(self, period: Period, amount: int, now: datetime) -> None:
        """Credit a part of a period: what is open of it first, then the newest."""
        of_period = [invoice for invoice in reversed(self.invoices) if invoice.period is period]
        for invoice in sorted(of_period, key=lambda one: one.status != "open"):
            part = min(amount, invoice.total - invoice.credited)
            self.credit_note(invoice, part, now)
            amount -= part
        assert amount == 0

    def credit_note(self, invoice: Invoice, amount: int, now: datetime) -> None:
        """Credit a part of an invoice: only what was paid of it becomes credit."""
        if not amount:
            return
        off = min(amount, invoice.due)
        invoice.credited += amount
        invoice.credited_open += off
        invoice.period.invoiced -= amount
        self.credit += amount - off
        self.noted += amount
        self.settle(invoice, now)

    def carried_to(self, of: Invoice) -> int:
        """What was carried to an invoice: nothing, while something else is being paid that collects it."""
        along = any(one.state == "open" and one.arrears and one.of is not of for one in self.sessions)
        return 0 if along else self.carried

    def is_too_little(self, amount: int) -> bool:
        """Whether that is less than a card is charged."""
        return amount < LEAST_BY_CARD[self.currency]

    def carry(self, invoice: Invoice, now: datetime) -> bool:
        """Lend what is due of an open invoice, to be paid with the next payment, where a card cannot pay it."""
        if not self.is_too_little(invoice.due + self.carried_to(invoice)):
            return False
        self.carried += invoice.due
        invoice.credit += invoice.due
        self.settle(invoice, now)
        return True

    def collect(self, invoice: Invoice, now: datetime) -> str:
        """Collect an open invoice without anybody: by credit, then by card; ``no_card`` where there is none."""
        self.spend(invoice)
        self.settle(invoice, now)
        if invoice.status != "open":
            return "settled"
        if not self.card:
            return "no_card"
        if self.carry(invoice, now):
            return "settled"
        self.charges += 1
        if self.card == "ok":
            along = self.carried_to(invoice)
            self.credit += along
            invoice.paid += invoice.due
            self.settle(invoice, now)
            if along:
                self.use_credit(now)
            return "settled"
        return self.card

    def clear(self, invoice: Invoice) -> None:
        """What an invoice was dunned for is over."""
        case = invoice.case
        if case is None or case.status == "closed":
            return
        if case.status == self.status == "suspended" and self.is_current(invoice):
            return
        case.status = "closed"
        others = [other.case for other in self.invoices if other.agreement == invoice.agreement and other.case]
        if not self.is_current(invoice) or any(other.status != "closed" for other in others):
            return
        if self.status == "past_due":
            self.status = "active"

    def clear_all(self) -> None:
        """What was suspended is so no longer: what is settled of it is not waited for any more."""
        for invoice in self.invoices:
            if not invoice.is_owed:
                self.clear(invoice)

    def end(self, now: datetime) -> None:
        """It is over; what it owes stays owed, and what was carried is given up."""
        self.status, self.carried, self.is_to_count = "cancelled", 0, True
        self.move()
        self.told.append(("ended", self.day(now)))

    def is_current(self, invoice: Invoice) -> bool:
        """Whether an invoice is of the newest agreement."""
        return invoice.agreement == self.version[0]

    def open_case(self, invoice: Invoice, now: datetime, *, is_charged: bool) -> Case:
        """The first failure of an invoice: what it is for is past due."""
        invoice.case = Case(now, now + timedelta(days=REMINDED_ON[1]), is_charged)
        if self.status == "active":
            self.status = "past_due"
        return invoice.case
