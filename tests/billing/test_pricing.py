"""What an agreement holds of a whole period (product.md, *Prices*)."""

from datetime import date, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.billing.periods import Period, period
from portal.billing.pricing import terms_of
from portal.billing.proration import Holding, difference, step
from portal.kit.money import Money, rounded

APRIL = period(date(2027, 4, 1), 0, ZoneInfo("Europe/London"))
MONTHLY = {"starter": 100, "pro": 300, "enterprise": 500, "branch": 100, "hibernation": 50}
UNITS = {code: Money(amount, "GBP") for code, amount in MONTHLY.items()}
STATES = st.tuples(
    st.sampled_from(["awake", "hibernating"]), st.sampled_from(["starter", "pro", "enterprise"]), st.integers(0, 5)
)


@pytest.mark.parametrize(
    ("mode", "extra_branches", "expected"),
    [
        ("awake", 0, (("pro", 1),)),
        ("awake", 2, (("pro", 1), ("branch", 2))),
        ("hibernating", 2, (("hibernation", 1),)),
    ],
)
def test_awake_it_holds_tier_and_branches_and_hibernating_the_fee_in_their_place(
    mode: str, extra_branches: int, expected: tuple[tuple[str, int], ...]
) -> None:
    assert terms_of(mode, "pro", extra_branches) == expected


@given(STATES, st.lists(st.tuples(st.integers(0, 29), STATES), max_size=8))
def test_d9_whatever_it_became_each_day_was_invoiced_once(
    first: tuple[str, str, int], later: list[tuple[int, tuple[str, str, int]]]
) -> None:
    held: list[Holding] = []
    invoiced, daily = Money(0, "GBP"), [0] * APRIL.days
    for day, state in [(0, first), *sorted(later, key=lambda change: change[0])]:
        wanted = terms_of(*state)
        invoiced, held = become(held, wanted, day, invoiced, APRIL)
        daily[day:] = [sum(MONTHLY[code] * count for code, count in wanted)] * (APRIL.days - day)
    assert invoiced.amount == rounded(Fraction(sum(daily), APRIL.days))


@given(STATES, st.integers(0, 29), st.integers(0, 29))
def test_in_and_straight_out_on_one_day_is_nothing(state: tuple[str, str, int], first: int, then: int) -> None:
    awake, asleep = terms_of("awake", *state[1:]), terms_of("hibernating", *state[1:])
    invoiced, held = become([], awake, min(first, then), Money(0, "GBP"), APRIL)
    inside, held = become(held, asleep, max(first, then), invoiced, APRIL)
    assert become(held, awake, max(first, then), inside, APRIL)[0] == invoiced


def become(
    held: list[Holding], wanted: tuple[tuple[str, int], ...], day: int, invoiced: Money, of: Period
) -> tuple[Money, list[Holding]]:
    """What the period was invoiced in all, and what is held, once ``wanted`` is held from a day on."""
    change = step(held, wanted, UNITS, of.starts_on + timedelta(days=day))
    due, _ = difference(held, change, invoiced, of) if change else (invoiced - invoiced, [])
    return invoiced + due, held + change
