"""The grace of a soft limit, beside a plain model that counts every hour: flapping gains nothing and loses nothing."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from portal.billing import overage
from portal.billing.overage import Grace
from portal.catalogue.price_book import Tier

START = datetime(2027, 3, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
TIERS = [Tier("starter", 100, "GBP", 10), Tier("pro", 300, "GBP", 100), Tier("enterprise", 500, "GBP", None)]
HOURS = st.lists(
    st.tuples(st.booleans(), st.sampled_from([False, False, False, True]), st.integers(1, 80)), min_size=1, max_size=12
).map(lambda parts: [(is_over, is_resting) for is_over, is_resting, length in parts for _ in range(length)])
"""What is so in each hour: over the limit or not, resting or not."""


@dataclass
class Plain:
    """What product.md says, counted in hours: those of the grace that have passed, and those under it in a row."""

    graces: int = 0
    is_open: bool = False
    passed: int = 0
    calm: int = 0
    ends: list[int] = field(default_factory=list)
    """The number of each grace that is at its end, once for each hour in which it is."""

    def hour(self, is_over: bool, is_resting: bool) -> None:
        if self.is_open and self.calm == 48:
            self.is_open = False
        if is_over and not is_resting and not self.is_open:
            self.graces, self.is_open, self.passed, self.calm = self.graces + 1, True, 0, 0
        if not self.is_open:
            return
        if is_over:
            self.calm = 0
        if not is_resting:
            if is_over and self.passed >= 7 * 24:
                self.ends.append(self.graces)
            self.passed += 1
            self.calm += not is_over


def play(hours: list[tuple[bool, bool]]) -> list[tuple[datetime, Grace | None]]:
    """The product's own rules, asked whenever something turns and where they want to look again."""
    found: list[tuple[datetime, Grace | None]] = []
    grace: Grace | None = None
    for number, (is_over, is_resting) in enumerate(hours):
        now = START + number * HOUR
        if grace is not None and overage.is_stopped(grace, now):
            grace = None
        if grace is None:
            grace = overage.begun(now) if is_over and not is_resting else None
        else:
            grace = overage.seen(grace, is_over, is_resting, now)
        found.append((now, grace))
    return found


@given(HOURS)
def test_the_clock_is_the_plain_models_whatever_flaps(hours: list[tuple[bool, bool]]) -> None:
    plain, expected = Plain(), []
    for is_over, is_resting in hours:
        plain.hour(is_over, is_resting)
        expected.append((plain.is_open, bool(plain.ends and plain.ends[-1] == plain.graces and is_over)))
    found = play(hours)
    assert [grace is not None for _, grace in found] == [is_open for is_open, _ in expected]
    at_end = [grace is not None and overage.is_at_end(grace, now) for now, grace in found]
    due = [is_due and not is_resting for (_, is_due), (_, is_resting) in zip(expected, hours, strict=True)]
    assert at_end == due


@given(HOURS)
def test_the_end_never_comes_nearer_and_moves_on_by_rests_alone(hours: list[tuple[bool, bool]]) -> None:
    for ((_, before), (now, after)), (_, is_resting) in zip(pairwise(play(hours)), hours[1:], strict=True):
        if before is None or after is None or overage.is_stopped(before, now):
            continue
        moved = after.ends_at - before.ends_at
        assert moved >= timedelta(0)
        if before.resting_since is None:
            assert moved == timedelta(0)
        elif not is_resting:
            assert moved == now - before.resting_since


@given(HOURS)
def test_it_is_looked_at_before_anything_has_to_happen(hours: list[tuple[bool, bool]]) -> None:
    for now, grace in play(hours):
        if grace is None:
            continue
        look = overage.next_look(grace, False, False)
        assert (look is None) == (grace.resting_since is not None)
        if look is not None and look > now:
            assert not overage.is_at_end(grace, now)
            assert not overage.is_running_out(grace, now)
            assert not overage.is_stopped(grace, now)


def test_a_grace_is_told_of_three_days_before_its_end_and_at_it() -> None:
    grace = overage.begun(START)
    assert overage.next_look(grace, False, False) == START + timedelta(days=4)
    assert not overage.is_running_out(grace, START + timedelta(days=4) - HOUR)
    assert overage.is_running_out(grace, START + timedelta(days=4))
    assert overage.next_look(grace, True, False) == START + timedelta(days=7)
    assert overage.is_at_end(grace, START + timedelta(days=7))
    assert overage.next_look(grace, True, True) is None


def test_who_looks_late_still_finds_it_stopped() -> None:
    under = overage.seen(overage.begun(START), False, False, START + HOUR)
    assert overage.next_look(under, False, False) == START + HOUR + timedelta(hours=48)
    assert not overage.is_stopped(under, START + timedelta(hours=48))
    assert overage.is_stopped(under, START + timedelta(days=30))


def test_a_rest_counts_neither_towards_the_end_nor_towards_what_stops_it() -> None:
    under = overage.seen(overage.begun(START), False, False, START)
    resting = overage.seen(under, False, True, START + 10 * HOUR)
    assert (resting.under_since, resting.resting_since) == (START, START + 10 * HOUR)
    woken = overage.seen(resting, False, False, START + 110 * HOUR)
    assert woken == Grace(START + timedelta(days=7) + 100 * HOUR, START + 100 * HOUR)
    assert overage.stops_at(woken) == START + 148 * HOUR


def test_who_goes_under_while_it_rests_is_under_from_its_waking_on() -> None:
    resting = overage.seen(overage.begun(START), False, True, START + HOUR)
    assert resting == Grace(START + timedelta(days=7), None, START + HOUR)
    assert overage.seen(resting, False, False, START + 5 * HOUR).under_since == START + 5 * HOUR


@given(st.integers(0, 250))
def test_the_smallest_tier_that_fits_holds_all_and_no_smaller_one_does(count: int) -> None:
    found = overage.smallest_that_fits(TIERS, count)
    assert found is not None
    assert found.product_limit is None or found.product_limit >= count
    smaller = TIERS[: TIERS.index(found)]
    assert all(tier.product_limit is not None and tier.product_limit < count for tier in smaller)
    assert overage.smallest_that_fits(TIERS[:1], 11) is None


@given(st.lists(st.tuples(st.integers(0, 120), st.integers(1, 60)), min_size=1, max_size=12))
def test_a_lower_tier_is_suggested_once_it_has_held_all_for_seven_days_in_a_row(steps: list[tuple[int, int]]) -> None:
    fitting: dict[str, datetime] = {}
    fits_for = {"starter": 0, "pro": 0}
    now = START
    for count, hours in steps:
        fitting = overage.fitting_since(fitting, TIERS, "enterprise", count, now)
        for _ in range(hours):
            now += HOUR
            fits_for = {code: fits_for[code] + 1 if code in fitting else 0 for code in fits_for}
            long_enough = [code for code in ("starter", "pro") if fits_for[code] >= 7 * 24]
            assert overage.suggested(fitting, TIERS, now) == (long_enough[0] if long_enough else None)
    assert set(overage.fitting_since({}, TIERS, "enterprise", 1, now)) == {"starter", "pro"}
    assert overage.fitting_since({"starter": START}, TIERS, "enterprise", 0, now) == {}
