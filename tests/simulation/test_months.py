"""Lives of some months, played step by step or drawn by chance: product and plain model agree throughout."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.simulation.machine import live
from tests.simulation.months.machine import Everything
from tests.simulation.profiles import DAYS, LEAST, MONTHS
from tests.simulation.stage import Stage
from tests.support import proving

pytestmark = pytest.mark.timeout(900)
Step = tuple[Any, ...]
LIVES: dict[str, list[Step]] = {
    "invoiced ahead, and paid from its link": [
        ("boundary", -2),
        ("pay_open", 0, False),
        ("pay", 0),
        ("boundary", 1),
    ],
    "never paid": [("boundary", 15), ("days", 31), ("days", 20)],
    "asleep until its day, and then as another tier": [
        ("days", 4),
        ("quote", "hibernation", "20"),
        ("confirm", 0, False),
        ("wake_as", "starter"),
        ("days", 24),
    ],
    "a card without money pays three days later": [
        ("store_card",),
        ("bank", "soft"),
        ("boundary", 2),
        ("bank", "ok"),
        ("days", 2),
    ],
    "hidden, and restored by one payment": [("boundary", 15), ("restore", False), ("pay", 0), ("boundary", -2)],
    "hidden, paid for what it owed, and brought back by a month": [
        ("boundary", 15),
        ("pay_open", 0, False),
        ("pay", 0),
        ("days", 27),
        ("restore", False),
        ("pay", 0),
        ("boundary", -2),
    ],
    "hidden, paid for what it owed, and ended on its last day": [
        ("boundary", 15),
        ("pay_open", 0, False),
        ("pay", 0),
        ("days", 61),
        ("quote", "subscription_change", "starter"),
    ],
    "hidden, and back as a tier that costs less": [
        ("boundary", 15),
        ("quote", "subscription_change", "enterprise"),
        ("quote", "subscription_change", "starter"),
        ("confirm", 0, False),
        ("pay", 0),
        ("boundary", -2),
    ],
    "hidden with a rest that is too little for a card, and nothing it could be carried to": [
        ("boundary", -6),
        ("quote", "hibernation", ""),
        ("confirm", 0, False),
        ("boundary", 1),
        ("boundary", 15),
        ("store_card",),
        ("pay_open", 0, True),
        ("pay_open", 0, False),
        ("pay", 0),
    ],
    "moved to where days begin earlier, and paid for there": [
        ("boundary", -1),
        ("live_in", "Pacific/Kiritimati"),
        ("quote", "subscription_change", "enterprise"),
        ("confirm", 0, False),
        ("pay", 0),
        ("boundary", 1),
        ("live_in", "Pacific/Honolulu"),
        ("quote", "hibernation", "3"),
        ("confirm", 0, False),
        ("live_in", "Asia/Tokyo"),
        ("days", 5),
        ("boundary", 1),
    ],
    "asked to pay by code just before midnight where they lived before": [
        ("boundary", 15),
        ("live_in", "Pacific/Kiritimati"),
        ("restore", False),
        ("pay", 0),
        ("boundary", -1),
        ("live_in", "Europe/London"),
        ("pay_open", 0, False),
        ("some_time",),
    ],
    "too many products, until the card pays the tier that fits": [
        ("choose_next", "starter"),
        ("boundary", -2),
        ("pay_open", 0, False),
        ("pay", 0),
        ("store_card",),
        ("boundary", 1),
        ("stock", 11),
        ("days", 8),
    ],
    "what is paid twice waits for people, what is paid late is credit": [
        ("quote", "subscription_change", "enterprise"),
        ("confirm", 0, False),
        ("some_time",),
        ("confirm", 0, False),
        ("pay", 0),
        ("pay", 1),
        ("quote", "prepayment", "2"),
        ("confirm", 0, False),
        ("cancel_code", 0),
        ("choose_next", "starter"),
        ("pay", 0),
    ],
}


@pytest.mark.parametrize("name", proving.sample(list(LIVES), 1, "months"))
def test_months_go_as_the_model_says(lives: Stage, name: str) -> None:
    life = lives.begin_months(0)
    begins: list[Step] = [
        ("register", "GBP", 1),
        ("quote", "subscription_change", "pro"),
        ("confirm", 0, False),
        ("pay", 0),
    ]
    for step in [*begins, *LIVES[name], ("rest",)]:
        life.step(*step)


@pytest.mark.parametrize("lot", MONTHS.seeds)
def test_product_and_plan_agree_for_months(lives: Stage, lot: int, saw: Callable[[str], None]) -> None:
    live(lives, MONTHS.examples, proving.seed() + lot, kind=Everything)
    assert lives.played >= MONTHS.examples
    saw(lives.told())


def test_a_proof_plays_enough_lives() -> None:
    assert sum(profile.lots * profile.lives for profile in (DAYS, MONTHS)) >= LEAST
