"""Months of one business, product and plain model side by side: each step acts on both, then everything is compared.

What the rules leave open is not done. When something is tried again is observed, and held against its day.
"""

from collections import Counter
from collections.abc import Callable
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from typing import TypeVar

import requests
from hypothesis import currently_in_test_context, note

from tests.simulation.months import comparison
from tests.simulation.months.limited import Limited
from tests.simulation.months.papers import Quote, Session
from tests.simulation.months.product import LONGEST, LongProduct
from tests.simulation.months.quoting import Refused
from tests.simulation.simulation import CURRENCIES

T = TypeVar("T")
REFUSED = "refused"
SOME_TIME = timedelta(hours=2)
"""More than a code lives."""
_LAST_HOUR = 12
"""In UTC: later it is soon midnight in Tokyo, at which the answers change."""
_LATER = timedelta(minutes=4)
"""By so much every morning is later than the one before: what began on one ends on no other at the very moment."""
_STILL_WATCHED = timedelta(hours=20)
_PATHS = {
    "subscription_change": ("plan/quote", "tier"),
    "hibernation": ("hibernation/quote", "wakes_on"),
    "waking": ("hibernation/wake", ""),
    "prepayment": ("prepayment/quote", "months"),
    "carried": ("plan/carried", ""),
}
_PAGES = ("/plan", "/products", "/plan/next", "/hibernation", "/prepayment", "/branches")
"""However a plan stands, they can be opened; each in its turn."""
_BANK = {"ok": "ok", "soft": "insufficient_funds", "hard": "stolen_card"}


class Months:
    """One life of some months; its methods without underscore are the steps."""

    def __init__(self, product: LongProduct, tally: Counter[str]) -> None:
        self._product, self._tally = product, tally
        self._ends = product.now() + LONGEST
        self._quotes: list[tuple[str, Quote]] = []
        self._home = self._card = ""
        self._cards = self._passes = self._branches = 0
        self.plan: Limited
        self.is_sound = True
        """Whether nothing went wrong so far."""

    def step(self, name: str, *arguments: object) -> None:
        """Take one step; where it fails, Hypothesis shows the steps of the shortest life that does."""
        if currently_in_test_context():
            note(f"    {(name, *arguments)},")
        self.is_sound = False
        getattr(self, name)(*arguments)
        self.is_sound = True

    def register(self, currency: str, branches: int) -> None:
        """Somebody registers a business with so many further branches."""
        public_id = self._product.register("Shop", currency, CURRENCIES[currency])
        self._home = f"/businesses/{public_id}"
        self.plan = Limited(currency, CURRENCIES[currency])
        for _ in range(branches):
            self.add_branch()

    def quote(self, kind: str, choice: str) -> None:
        """Something is quoted: a tier, so many months ahead, hibernating for so many days, or waking."""
        now = self._product.now()
        if kind == "hibernation" and choice:
            choice = (self.plan.day(now) + timedelta(days=int(choice))).isoformat()
        expected = self._do(lambda plan: plan.quote(kind, choice, now))
        path, field = _PATHS[kind]
        answer = self._product.owner.post(f"{self._home}/{path}", **({field: choice} if field else {}))
        _check(answer, expected)
        if isinstance(expected, Quote):
            self._note_quote(answer.headers["Location"], expected)
        self._look()

    def restore(self, by_card: bool) -> None:
        """What is suspended is asked for again, with all that it owes."""
        if self.plan.status == "suspended":
            self.quote("subscription_change", self.plan.tier)
            self.confirm(0, by_card)

    def confirm(self, quote: int, by_card: bool) -> None:
        """A quote is confirmed, the newest (0) or an older one."""
        if not self._quotes:
            return
        path, shown = self._quotes[-1 - quote % len(self._quotes)]
        is_card = by_card and self.plan.card != "" and self.plan.live is None
        now = self._product.now()
        if not is_card and self.plan.is_eventful(now + SOME_TIME):
            return
        expected = self._do(lambda plan: plan.confirm(shown, is_card, now))
        answer = self._product.owner.post(f"{path}/confirm", method="stripe" if is_card else "wechat_pay")
        _check(answer, expected)
        if expected == "moved":
            self._note_quote(answer.headers["Location"].split("?")[0], self.plan.renew(shown, now))
        self._note_session(expected, self.plan.live, answer.headers.get("Location", ""))
        self._look()

    def pay(self, session: int) -> None:
        """Somebody scans a code, the newest (0) or an older one, in time or not."""
        chosen = self._chosen(session)
        if chosen is None or not self._can_be_scanned(chosen):
            return
        is_late = self.plan.sessions[chosen].state != "open"
        now = self._product.now()
        self._do(lambda plan: plan.learn(plan.sessions[chosen], now))
        public_id = self.plan.sessions[chosen].public_id
        order = next(row.order for row in self._product.sessions() if row.public_id == public_id)
        assert self._product.pay(order, late=is_late)
        self._look()

    def cancel_code(self, session: int) -> None:
        """Somebody gives up a payment."""
        chosen = self._chosen(session)
        if chosen is None or self.plan.sessions[chosen].state != "open":
            return
        found = self.plan.sessions[chosen]
        assert self._product.owner.post(f"/pay/{found.public_id}/cancel").status_code == 303
        found.end("cancelled", self._product.now())
        self._look()

    def pay_open(self, invoice: int, by_card: bool) -> None:
        """The way to pay an invoice is taken: of one that is owed, or else of one that was."""
        numbers = [number for number, one in enumerate(self.plan.invoices) if one.is_owed]
        if not self.plan.invoices:
            return
        number = numbers[invoice % len(numbers)] if numbers else invoice % len(self.plan.invoices)
        agreement = self.plan.invoices[number].agreement
        is_card = by_card and self.plan.card != "" and self.plan.live_of(agreement) is None
        now = self._product.now()
        if not is_card and self.plan.is_eventful(now + SOME_TIME):
            return
        expected = self._do(lambda plan: plan.pay_open(plan.invoices[number], is_card, now))
        public_id = self._product.issued()[number].public_id
        method = "stripe" if is_card else "wechat_pay"
        answer = self._product.owner.post(f"{self._home}/history/invoices/{public_id}/pay", method=method)
        _check(answer, expected)
        self._note_session(expected, self.plan.live_of(agreement), answer.headers.get("Location", ""))
        self._look()

    def choose_next(self, what: str) -> None:
        """Something is chosen for the period's end: a tier, the end, or nothing after all."""
        now = self._product.now()
        match what:
            case "cancel":
                self._press("plan/next/cancel", lambda plan: plan.cancel(now))
            case "take back":
                self._press("plan/next/take-back", lambda plan: plan.take_back(now))
            case _:
                self._press("plan/next", lambda plan: plan.choose_next(what, now), tier=what)

    def wake_as(self, tier: str) -> None:
        """Another tier is chosen to wake as."""
        self._press("hibernation/tier", lambda plan: plan.wake_as(tier), tier=tier)

    def live_in(self, zone: str) -> None:
        """Another time zone is chosen."""
        now = self._product.now()
        self._press("time-zone", lambda plan: plan.live_in(zone, now), time_zone=zone)

    def store_card(self) -> None:
        """A card is stored where there is none; twice at most, and not while a code is shown."""
        now = self._product.now()
        if self.plan.card or self.plan.live or self._cards == 2 or self.plan.status == "none":
            return
        self._do(lambda plan: plan.store_card(now))
        self._cards += 1
        self._card = self._product.store_card(self._home)
        self._look()

    def bank(self, says: str) -> None:
        """The card's bank changes its mind: ``ok``, ``soft`` or ``hard``."""
        if self.plan.card:
            self._product.sandbox.bank(self._card, _BANK[says])
            self.plan.card = says

    def stock(self, count: int) -> None:
        """There are so many products from now on: more are entered, or the newest hidden by hand."""
        self._do(lambda plan: plan.stock(count))
        self._product.stock(self._home.rsplit("/", 1)[1], count)
        self._look()

    def add_branch(self) -> None:
        """A branch is added, unless something is owed, or tomorrow brings other things."""
        now = self._product.now()
        if self.plan.status not in ("past_due", "suspended") and self.plan.is_quiet_until_tomorrow(now):
            self._branches += 1
            name = f"Branch {self._branches}"
            branch = self._product.add_branch(self._home.rsplit("/", 1)[1], name)
            self._do(lambda plan: plan.add_branch(branch, now))
            self._look()

    def remove_branch(self) -> None:
        """A branch is removed."""
        now = self._product.now()
        if self.plan.all_branches and self.plan.is_quiet_until_tomorrow(now):
            branch = min(self.plan.all_branches)
            expected = self._do(lambda plan: plan.remove_branch(branch, now))
            _check(self._product.remove_branch(self._home.rsplit("/", 1)[1], branch), expected)
            self._look()

    def some_time(self) -> None:
        """Codes run out."""
        if self._product.now().hour < _LAST_HOUR:
            self._pass_to(self._product.now() + SOME_TIME)

    def days(self, count: int) -> None:
        """So many days pass, up to the next morning but so many."""
        morning = self._product.now().astimezone(UTC).replace(hour=9, minute=30, second=0)
        self._passes += 1
        self._pass_to(morning + timedelta(days=count) + self._passes * _LATER)

    def boundary(self, days: int) -> None:
        """Time passes up to so many days after the next end of a period, or before it."""
        running = self.plan.running(self._product.now())
        if running is not None:
            self.days(max((running.end - self.plan.day(self._product.now())).days + days, 1))

    def rest(self) -> None:
        """Let everything come to its end, and ask the oracle."""
        self.days(2)
        comparison.told(self._product, self.plan)
        for session in self.plan.sessions:
            self._tally[f"payments {session.became or session.state}"] += 1
        for invoice in self.plan.invoices:
            self._tally[f"invoices {invoice.status}"] += 1
        self._tally[f"plans {self.plan.status}"] += 1
        self._product.portal.oracle.ask()

    def _do(self, act: Callable[[Limited], T]) -> T | str:
        """Let the model act: what it says of it."""
        after = deepcopy(self.plan)
        try:
            done = act(after)
            after.calm_down(self._product.now())
            after.pass_to(self._product.now())
        except Refused:
            return REFUSED
        self.plan = after
        return done

    def _press(self, path: str, act: Callable[[Limited], None], **typed: str) -> None:
        expected = self._do(act)
        answer = self._product.owner.post(f"{self._home}/{path}", **typed)
        _check(answer, expected)
        self._look()

    def _pass_to(self, instant: datetime) -> None:
        if instant > self._ends:
            return
        for _ in self._product.until(instant):
            self.plan.pass_to(self._product.now())
            comparison.everything(self._product, self.plan)
        page = _PAGES[self._passes % len(_PAGES)]
        assert self._product.owner.get(f"{self._home}{page}").status_code == 200, page

    def _can_be_scanned(self, number: int) -> bool:
        """Whether a code was shown, has not been paid, and somebody still looks out for its money."""
        session = self.plan.sessions[number]
        if session.is_paid or session.state == "failed" or not session.public_id:
            return False
        return session.ended_at is None or self._product.now() < session.ended_at + _STILL_WATCHED

    def _chosen(self, number: int) -> int | None:
        count = len(self.plan.sessions)
        return count - 1 - number % count if count else None

    def _note_quote(self, path: str, shown: Quote) -> None:
        self._quotes.append((path, shown))
        comparison.quote(self._product.owner.get(path).text, self.plan, shown)

    def _note_session(self, expected: object, live: Session | None, location: str) -> None:
        if expected in ("opened", "same"):
            session = self.plan.sessions[-1] if expected == "opened" else live
            public_id = location.split("/pay/")[1]
            assert session is not None
            assert session.public_id in ("", public_id)
            session.public_id = public_id

    def _look(self) -> None:
        self._product.settle()
        comparison.everything(self._product, self.plan)


def _check(answer: requests.Response, expected: object) -> None:
    """What is refused says so; everything else leads on."""
    wanted = 409 if expected == REFUSED else 303
    assert answer.status_code == wanted, (expected, answer.status_code, answer.text.partition("<h1")[2][:300])
