"""Lives that once went wrong, or show what a life is: played step by step, without chance."""

from typing import Any

import pytest

from tests.simulation.stage import Stage
from tests.support import proving

Step = tuple[Any, ...]
LIVES: dict[str, list[Step]] = {
    "chosen, paid and told": [("quote", 0, "pro"), ("confirm", 0), ("pay", 0, "at once", "right")],
    "paid and never told": [("quote", 0, "pro"), ("confirm", 0), ("pay", 0, "never", "right"), ("advance", 2, 3)],
    "paid after its end, and the new code too": [
        ("quote", 0, "starter"),
        ("confirm", 0),
        ("advance", 63, 0),
        ("quote", 0, "starter"),
        ("confirm", 0),
        ("pay", 1, "at once", "right"),
        ("pay", 0, "at once", "right"),
    ],
    "late money for an older choice becomes credit that pays the next": [
        ("quote", 0, "enterprise"),
        ("confirm", 0),
        ("cancel", 0),
        ("quote", 0, "starter"),
        ("pay", 0, "at once", "right"),
        ("confirm", 0),
        ("confirm", 0),
    ],
    "workers die and others go on": [
        ("quote", 0, "pro"),
        ("doom", 3),
        ("confirm", 0),
        ("doom", 1),
        ("pay", 0, "at once", "right"),
    ],
    "without Redis and without an answer": [
        ("lose_redis",),
        ("quote", 0, "pro"),
        ("disturb", "native", "timeout_after", 2),
        ("confirm", 0),
        ("advance", 2, 3),
        ("pay", 0, "never", "right"),
        ("find_redis",),
        ("advance", 11, 7),
    ],
    "branches of a running plan are settled when the day ends": [
        ("quote", 0, "enterprise"),
        ("confirm", 0),
        ("pay", 0, "at once", "right"),
        ("add_branch", 0),
        ("remove_branch", 0),
        ("advance", 1507, 0),
        ("quote", 0, "starter"),
        ("confirm", 0),
        ("add_branch", 0),
        ("advance", 1507, 0),
    ],
    "a fen less waits for people": [("quote", 0, "pro"), ("confirm", 0), ("pay", 0, "at once", "less")],
    "a fen less is learned of when nobody watches any more": [
        ("quote", 0, "pro"),
        ("confirm", 0),
        ("pay", 0, "late", "less"),
        ("advance", 1507, 0),
    ],
}


@pytest.mark.parametrize("day", proving.sample(range(6), 1, "days of lives"))
@pytest.mark.parametrize("name", proving.sample(list(LIVES), 5, "lives"))
def test_c1_c2_c5_a_life_goes_as_the_model_says(lives: Stage, name: str, day: int) -> None:
    life = lives.begin(day)
    for step in [("register", "GBP"), ("add_branch", 0), *LIVES[name], ("rest",)]:
        life.step(*step)
    assert life.deaths == sum(step[0] == "doom" for step in LIVES[name])


def test_who_has_less_to_do_than_until_its_death_lives_on(lives: Stage) -> None:
    life = lives.begin(0)
    for step in [("register", "GBP"), ("doom", 999), ("quote", 0, "pro"), ("confirm", 0), ("cancel", 0), ("rest",)]:
        life.step(*step)
    assert life.deaths == 0
