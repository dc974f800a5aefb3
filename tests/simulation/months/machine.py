"""What may happen to a business in the course of months, in any order, drawn by Hypothesis."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, rule

from tests.simulation.machine import Drawn, currencies, recent, tiers

nothing = st.just(())
till = st.sampled_from([-8, -6, -2, -1, 0, 1, 15])
waits = st.one_of(
    nothing,
    nothing,
    st.tuples(st.just("boundary"), till),
    st.tuples(st.just("boundary"), till),
    st.tuples(st.just("days"), st.sampled_from([1, 2, 4, 8, 15, 27, 61])),
)
"""Each comes together with an act: Hypothesis gives a life few kinds of rules, and without time none shows much."""
changes = st.one_of(
    st.tuples(st.just("subscription_change"), tiers),
    st.tuples(st.just("hibernation"), st.sampled_from(["", "3", "20", "40"])),
    st.tuples(st.just("waking"), st.just("")),
    st.tuples(st.just("prepayment"), st.sampled_from(["1", "2", "12"])),
)
zones = st.sampled_from(["Europe/London", "Asia/Tokyo", "Pacific/Honolulu", "Pacific/Kiritimati"])
later = st.one_of(tiers, st.sampled_from(["cancel", "take back"]))


class Begun(Drawn):
    """A business whose plan runs."""

    steps = 12

    @initialize(day=st.integers(0, 5), currency=currencies, branches=st.integers(0, 1), tier=tiers)
    def open(self, day: int, currency: str, branches: int, tier: str) -> None:
        self.life = self.stage.begin_months(day)
        self.life.step("register", currency, branches)
        self._buy("subscription_change", tier)
        self.life.step("pay", 0)

    def _buy(self, kind: str, choice: str, by_card: bool = False) -> None:
        self.life.step("quote", kind, choice)
        self.life.step("confirm", 0, by_card)

    def _wait(self, wait: tuple[Any, ...]) -> None:
        if wait:
            self.life.step(*wait)


class Renewing(Begun):
    """Time goes by, and what is invoiced is paid or not."""

    @rule(wait=waits)
    def live_on(self, wait: tuple[Any, ...]) -> None:
        self._wait(wait)

    @rule(wait=waits, invoice=recent, by_card=st.booleans())
    def pay_an_invoice(self, wait: tuple[Any, ...], invoice: int, by_card: bool) -> None:
        self._wait(wait)
        self.life.step("pay_open", invoice, by_card)
        self.life.step("pay", 0)


class Changing(Renewing):
    """Plans are changed, at once or with their period."""

    @rule(what=changes, by_card=st.booleans(), wait=waits)
    def buy(self, what: tuple[str, str], by_card: bool, wait: tuple[Any, ...]) -> None:
        self._buy(*what, by_card=by_card)
        self.life.step("pay", 0)
        self._wait(wait)

    @rule(wait=waits, what=later)
    def choose_next(self, wait: tuple[Any, ...], what: str) -> None:
        self._wait(wait)
        self.life.step("choose_next", what)

    @rule(tier=tiers, days=st.sampled_from(["", "3", "20", "40"]), wait=waits)
    def sleep(self, tier: str, days: str, wait: tuple[Any, ...]) -> None:
        self._buy("hibernation", days)
        self.life.step("wake_as", tier)
        self._wait(wait)


class Moving(Changing):
    """Its owner moves to where the days begin earlier or later, and changes the plan there."""

    @rule(zone=zones, what=changes, wait=waits)
    def move(self, zone: str, what: tuple[str, str], wait: tuple[Any, ...]) -> None:
        self._wait(wait)
        self.life.step("live_in", zone)
        self._buy(*what)
        self.life.step("pay", 0)


class Stocked(Moving):
    """More products are entered than a small tier holds, or hidden again; credit may pay for a larger tier."""

    @rule(count=st.sampled_from([9, 11]), days=st.sampled_from([1, 4, 8]))
    def stock(self, count: int, days: int) -> None:
        self.life.step("stock", count)
        self.life.step("days", days)


class Branching(Stocked):
    """Branches are added and removed, and something is bought before that is settled."""

    @rule(is_new=st.booleans(), wait=waits)
    def change_branches(self, is_new: bool, wait: tuple[Any, ...]) -> None:
        self.life.step("add_branch" if is_new else "remove_branch")
        self._wait(wait)

    @rule(what=changes, months=st.sampled_from(["1", "2"]), wait=waits)
    def add_with_credit(self, what: tuple[str, str], months: str, wait: tuple[Any, ...]) -> None:
        self._buy("prepayment", months)
        self.life.step("pay", 0)
        self.life.step("add_branch")
        self._buy(*what)
        self._wait(wait)


class Dunned(Branching):
    """A card is stored, and its bank refuses what it is asked for."""

    @rule(says=st.sampled_from(["ok", "soft", "hard"]), wait=waits)
    def charge(self, says: str, wait: tuple[Any, ...]) -> None:
        self.life.step("store_card")
        self.life.step("bank", says)
        self._wait(wait)


class Owing(Renewing):
    """What is suspended is restored, what has ended comes back, and what was carried is paid."""

    @rule(wait=st.sampled_from([("boundary", 15), ("days", 27), ()]), by_card=st.booleans(), tier=tiers)
    def come_back(self, wait: tuple[Any, ...], by_card: bool, tier: str) -> None:
        self._wait(wait)
        self.life.step("restore", by_card)
        self._buy("subscription_change", tier, by_card)
        self.life.step("pay", 0)

    @rule(by_card=st.booleans())
    def pay_what_was_carried(self, by_card: bool) -> None:
        self._buy("carried", "", by_card)
        self.life.step("pay", 0)


class Everything(Dunned, Owing):
    """All that may happen: codes that are left, given up or paid late, and older quotes."""

    @rule(what=changes, wait=waits)
    def begin_to_buy(self, what: tuple[str, str], wait: tuple[Any, ...]) -> None:
        self._buy(*what)
        self._wait(wait)

    @rule(quote=recent, by_card=st.booleans(), session=recent)
    def confirm_and_pay(self, quote: int, by_card: bool, session: int) -> None:
        self.life.step("confirm", quote, by_card)
        self.life.step("pay", session)

    @rule(what=changes, session=recent)
    def pay_what_was_left(self, what: tuple[str, str], session: int) -> None:
        self._buy(*what)
        self.life.step("some_time")
        self.life.step("pay", session)

    @rule(what=changes)
    def give_up(self, what: tuple[str, str]) -> None:
        self._buy(*what)
        self.life.step("cancel_code", 0)

    @rule(invoice=recent, what=later, wait=waits)
    def begin_to_pay_an_invoice(self, invoice: int, what: str, wait: tuple[Any, ...]) -> None:
        self._wait(wait)
        self.life.step("pay_open", invoice, False)
        self.life.step("choose_next", what)
        self.life.step("some_time")
        self.life.step("choose_next", what)
