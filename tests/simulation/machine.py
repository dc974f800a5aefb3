"""What may happen, in any order, drawn by Hypothesis; every rule is one or two steps of the simulation."""

from typing import Any, ClassVar, Protocol

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from tests.simulation.simulation import CURRENCIES
from tests.simulation.stage import Stage

shops = st.integers(0, 4)
recent = st.integers(0, 4)
currencies = st.sampled_from(sorted(CURRENCIES))
tiers = st.sampled_from(["starter", "pro", "enterprise"])
told = st.sampled_from(["at once", "thrice", "late", "never"])
facts = st.sampled_from(["right", "more", "less", "yen"])
said = st.sampled_from(
    ["copies", "new ids", "stale", "tampered", "bad_signature", "no_headers", "other_merchant", "not_paid"]
)
endpoints = st.sampled_from(["native", "query", "close", "*"])
modes = st.sampled_from(
    ["http500", "http429", "timeout_before", "timeout_after", "drop", "unsigned", "tamper", "stale"]
)
waits = st.sampled_from([(0, 17), (2, 3), (11, 7), (31, 11), (63, 0), (365, 0), (1507, 0)])
deaths = st.tuples(st.just("doom"), st.sampled_from((1, 2, 3, 4, 5, 6, 7, 8, 9, 0)))
troubles = st.one_of(
    deaths,
    deaths,
    st.tuples(st.just("disturb"), endpoints, modes, st.integers(1, 4)),
    st.sampled_from([("lose_redis",), ("find_redis",), ("calm",)]),
)
"""Each comes together with what it disturbs: Hypothesis gives a life few kinds of rules, and alone they do nothing.

Workers die more often than the rest, since a death is only felt at some of its moments.
"""

HOW = settings(
    deadline=None,
    derandomize=False,
    database=None,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
    report_multiple_bugs=False,
)


class Lived(Protocol):
    """A life on the stage."""

    is_sound: bool

    def step(self, name: str, *arguments: object) -> None:
        """Take one step."""


class Drawn(RuleBasedStateMachine):
    """What is common to all lives that are drawn: where they are played, how long they are, and how they end."""

    stage: ClassVar[Stage]
    steps: ClassVar[int]
    life: Lived

    def teardown(self) -> None:
        """Let it come to rest; a life that went wrong is left as it is, so that its own complaint is heard."""
        if hasattr(self, "life") and self.life.is_sound:
            self.life.step("rest")


class Shops(Drawn):
    """A shop that has a code, and how others come to have one; it has no rules of its own."""

    steps = 14

    @initialize(day=st.integers(0, 5), currency=currencies, tier=tiers)
    def open(self, day: int, currency: str, tier: str) -> None:
        self.life = self.stage.begin(day)
        self._begin_shop(currency, tier)

    def _begin_shop(self, currency: str, tier: str, *trouble: Any) -> None:
        """Trouble comes last before the confirmation, so that it is the code's way here that is disturbed."""
        self.life.step("register", currency)
        self.life.step("quote", -1, tier)
        if trouble:
            self.life.step(*trouble)
        self.life.step("confirm", 0)


class Deaths(Shops):
    """Workers die on the way to a code, and on the way from its money to the receipt."""

    @rule(currency=currencies, tier=tiers, first=deaths, second=deaths)
    def lose_workers(self, currency: str, tier: str, first: tuple[str, int], second: tuple[str, int]) -> None:
        self._begin_shop(currency, tier, *first)
        self.life.step(*second)
        self.life.step("pay", 0, "at once", "right")


class Money(Shops):
    """A shop that chooses, pays, cancels, chooses anew and waits."""

    def _choose_anew(self, shop: int, tier: str) -> None:
        self.life.step("cancel", 0)
        self.life.step("quote", shop, tier)

    @rule(shop=shops, tier=tiers)
    def buy(self, shop: int, tier: str) -> None:
        self.life.step("quote", shop, tier)
        self.life.step("confirm", 0)

    @rule(session=recent, told=told)
    def pay(self, session: int, told: str) -> None:
        self.life.step("pay", session, told, "right")

    @rule(session=recent)
    def cancel(self, session: int) -> None:
        self.life.step("cancel", session)

    @rule(shop=shops, tier=tiers)
    def change_mind(self, shop: int, tier: str) -> None:
        self._choose_anew(shop, tier)

    @rule(tier=tiers, told=told, is_confirmed=st.booleans())
    def pay_the_old_code(self, tier: str, told: str, is_confirmed: bool) -> None:
        self._choose_anew(0, tier)
        if is_confirmed:
            self.life.step("confirm", 0)
        self.life.step("pay", int(is_confirmed), told, "right")

    @rule(tier=tiers, told=told)
    def pay_both_codes(self, tier: str, told: str) -> None:
        for _ in range(2):
            self._choose_anew(0, tier)
            self.life.step("confirm", 0)
        self.life.step("pay", 1, told, "right")
        self.life.step("pay", 0, told, "right")

    @rule(session=recent, told=told, what=facts)
    def pay_anything(self, session: int, told: str, what: str) -> None:
        self.life.step("pay", session, told, what)

    @rule(wait=waits)
    def advance(self, wait: tuple[int, int]) -> None:
        self.life.step("advance", *wait)


class Trouble(Money, Deaths):
    """The same beside a provider, a Redis and workers that fail, and with more shops."""

    @rule(trouble=troubles, currency=currencies, tier=tiers)
    def newcomer_in_trouble(self, trouble: tuple[Any, ...], currency: str, tier: str) -> None:
        self._begin_shop(currency, tier, *trouble)

    @rule(trouble=troubles, session=recent, told=told)
    def pay_in_trouble(self, trouble: tuple[Any, ...], session: int, told: str) -> None:
        self.life.step(*trouble)
        self.life.step("pay", session, told, "right")

    @rule(trouble=troubles, wait=waits)
    def wait_in_trouble(self, trouble: tuple[Any, ...], wait: tuple[int, int]) -> None:
        self.life.step(*trouble)
        self.life.step("advance", *wait)


class Life(Trouble):
    """All that may happen: branches, older quotes, more time, and a provider that repeats itself."""

    @rule(shop=shops, tier=tiers)
    def quote(self, shop: int, tier: str) -> None:
        self.life.step("quote", shop, tier)

    @rule(quote=recent)
    def confirm(self, quote: int) -> None:
        self.life.step("confirm", quote)

    @rule(shop=shops, is_new=st.booleans())
    def branch(self, shop: int, is_new: bool) -> None:
        self.life.step("add_branch" if is_new else "remove_branch", shop)

    @rule(session=recent)
    def extend(self, session: int) -> None:
        self.life.step("extend", session)

    @rule(session=recent, how=said)
    def tell(self, session: int, how: str) -> None:
        self.life.step("tell", session, how)


def live(lives: Stage, examples: int, seed: int, *, kind: type[Drawn] = Life, is_to_shrink: bool = True) -> None:
    """Play so many lives of a kind, drawn by a seed."""

    class Played(kind):  # type: ignore[misc, valid-type]
        stage = lives

    phases = [Phase.generate, *([Phase.shrink] if is_to_shrink else [])]
    seeded(seed)(Played)
    how = settings(HOW, max_examples=examples, phases=phases, stateful_step_count=kind.steps)
    run_state_machine_as_test(Played, settings=how)
