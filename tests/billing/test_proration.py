"""The law of proration: whatever is changed however often, a period was invoiced what it is worth, to the penny."""

from collections import Counter
from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.billing.periods import Period, period
from portal.billing.proration import Holding, days_left, difference, net, period_total, spread, step, worth
from portal.kit.money import Money, rounded

LONDON = ZoneInfo("Europe/London")
NOTHING = Money(0, "GBP")
APRIL = period(date(2026, 4, 1), 0, LONDON)
PERIODS = st.builds(lambda day: period(day, 0, LONDON), st.dates(date(2024, 1, 1), date(2032, 12, 31)))
PRICES = st.integers(0, 100_000)


def holding(amount: int, from_on: date = APRIL.starts_on, quantity: int = 1, code: str = "pro") -> Holding:
    return Holding(code, quantity, Money(amount, "GBP"), from_on)


@st.composite
def histories(draw: st.DrawFn) -> tuple[Period, list[list[Holding]]]:
    """A period and changes in the order of their days; what is given up had been taken up before."""
    of = draw(PERIODS)
    days = sorted(draw(st.lists(st.integers(0, of.days - 1), min_size=1, max_size=8)))
    changes, held = [], []
    for number, day in enumerate(days):
        on = of.starts_on + timedelta(days=0 if number == 0 else day)
        given_up = [replace(one, quantity=-one.quantity, from_on=on) for one in held if draw(st.booleans())]
        taken = [holding(draw(PRICES), on, draw(st.integers(1, 9)), f"thing {number}")]
        held = [one for one in held if replace(one, quantity=-one.quantity, from_on=on) not in given_up] + taken
        changes.append(given_up + taken)
    return of, changes


@given(histories())
def test_d9_whatever_was_changed_the_period_was_invoiced_its_worth_rounded_once(
    history: tuple[Period, list[list[Holding]]],
) -> None:
    of, changes = history
    held: list[Holding] = []
    invoiced = NOTHING
    for change in changes:
        due, shares = difference(held, change, invoiced, of)
        assert sum(share.amount for share in shares) == due.amount
        invoiced, held = invoiced + due, held + change
        exact = sum((worth(one, of) for one in held), Fraction(0))
        assert invoiced.amount == rounded(exact)
        assert invoiced.amount >= 0


@given(PERIODS, PRICES, PRICES, st.data())
def test_up_and_straight_down_is_nothing(of: Period, low: int, high: int, data: st.DataObject) -> None:
    on = of.starts_on + timedelta(days=data.draw(st.integers(0, of.days - 1)))
    held = [holding(low, of.starts_on)]
    invoiced = period_total(held, of, "GBP")
    up = [holding(low, on, -1), holding(high, on, 1, "more")]
    due, _ = difference(held, up, invoiced, of)
    down = [replace(one, quantity=-one.quantity) for one in up]
    back, _ = difference(held + up, down, invoiced + due, of)
    assert due + back == NOTHING


def test_a_line_is_price_times_days_over_days() -> None:
    twelve_days = holding(300, date(2026, 4, 19))
    assert days_left(APRIL, twelve_days.from_on) == 12
    assert worth(twelve_days, APRIL) == 120
    less = [holding(100, twelve_days.from_on, -1, "starter"), twelve_days]
    due, shares = difference([holding(100, code="starter")], less, Money(100, "GBP"), APRIL)
    assert (due.amount, [share.amount for share in shares]) == (80, [-40, 120])


def test_halves_go_to_the_even_penny_once() -> None:
    half = holding(1, date(2026, 4, 16))  # half of a penny
    assert period_total([half], APRIL, "GBP").amount == 0
    assert period_total([half, half, half], APRIL, "GBP").amount == 2


@pytest.mark.parametrize("day", [APRIL.starts_on - timedelta(days=1), APRIL.ends_on])
def test_a_day_of_another_period_is_refused(day: date) -> None:
    with pytest.raises(ValueError, match="no day of the period"):
        days_left(APRIL, day)


@given(st.lists(st.fractions(-1000, 1000, max_denominator=31), min_size=1, max_size=9), st.integers(-1, 1))
def test_d9_parts_sum_exactly_and_stay_near(exact: list[Fraction], off: int) -> None:
    amount = rounded(sum(exact, Fraction(0))) + off
    parts = spread(amount, exact)
    assert sum(parts) == amount
    assert all(abs(part - share) < 2 for part, share in zip(parts, exact, strict=True))


def test_what_is_left_over_goes_to_the_largest_remainders_and_then_to_the_first() -> None:
    third, half = Fraction(1, 3), Fraction(1, 2)
    assert spread(3, [1 + third, 1 + 2 * third]) == [1, 2]
    assert spread(1, [half, half]) == [1, 0]
    assert spread(267, [1000 * third, -200 * third]) == [334, -67]
    assert spread(-1, [-third, -2 * third]) == [0, -1]


def test_nothing_cannot_be_spread() -> None:
    with pytest.raises(ValueError, match=r"^there is nothing to spread over$"):
        spread(1, [])


UNITS = {code: Money(amount, "GBP") for code, amount in (("starter", 100), ("pro", 300), ("branch", 101), ("rest", 50))}
WANTED = st.dictionaries(st.sampled_from(sorted(UNITS)), st.integers(1, 9), max_size=4)


@given(st.lists(st.tuples(st.integers(0, 29), WANTED), min_size=1, max_size=8))
def test_step_by_step_exactly_what_is_wanted_is_held_and_no_day_is_paid_twice(
    wishes: list[tuple[int, dict[str, int]]],
) -> None:
    held: list[Holding] = []
    days = [0] * 30
    for day, wanted in sorted(wishes, key=lambda wish: wish[0]):
        change = step(held, list(wanted.items()), UNITS, APRIL.starts_on + timedelta(days=day))
        assert [one.quantity > 0 for one in change] == sorted((one.quantity > 0 for one in change), reverse=True)
        held += change
        assert step(held, list(wanted.items()), UNITS, APRIL.starts_on) == []
        days[day:] = [sum(UNITS[code].amount * count for code, count in wanted.items())] * (30 - day)
    assert period_total(held, APRIL, "GBP").amount == rounded(Fraction(sum(days), 30))


def test_what_is_given_up_keeps_the_price_at_which_it_is_held() -> None:
    held = [holding(100, quantity=2, code="branch"), holding(90, quantity=1, code="branch")]
    change = step(held, [("branch", 1)], UNITS, APRIL.starts_on)
    assert [(one.quantity, one.unit.amount) for one in change] == [(-1, 100), (-1, 90)]


@given(histories())
def test_what_is_left_is_all_that_can_be_given_up(history: tuple[Period, list[list[Holding]]]) -> None:
    of, changes = history
    held, counts = [one for change in changes for one in change], Counter[str]()
    for one in held:
        counts[one.code] += one.quantity
    left = net(held, of.last_day)
    assert {one.code: one.quantity for one in left} == {code: count for code, count in counts.items() if count}
    assert [replace(one, quantity=-one.quantity) for one in left] == step(held, (), {}, of.last_day)
