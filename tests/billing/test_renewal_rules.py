"""When something is done about a next period: whoever looks however late, it is announced at most once and invoiced
once, never before its time, and each look comes after the one before."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from portal.billing.renewal_rules import ANNOUNCED_AHEAD, INVOICED_AHEAD, Step, first_look, next_look, step
from portal.kit.money import Money

STARTS = st.builds(lambda hours: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=hours), st.integers(0, 175_000))
LENGTHS = st.builds(timedelta, days=st.integers(28, 31), hours=st.sampled_from([-1, 0, 1]))
LATE = st.one_of(st.just(timedelta()), st.timedeltas(timedelta(), timedelta(days=40)))
AMOUNTS = st.integers(0, 1000)
Lived = tuple[datetime, datetime, list[tuple[datetime, Step, datetime, bool]]]


def pounds(amount: int) -> Money:
    return Money(amount, "GBP")


@st.composite
def looks(draw: st.DrawFn) -> Lived:
    """A period, and each look at it until it is invoiced: when, what was done, when the next is due, and whether the
    period could be pulled then. Looks come late by chance; methods and credit come and go between them."""
    starts_at = draw(STARTS)
    ends_at = starts_at + draw(LENGTHS)
    found: list[tuple[datetime, Step, datetime, bool]] = []
    due_at = first_look(starts_at)
    while not found or found[-1][1] is not Step.INVOICE:
        now = due_at + draw(LATE)
        price, credit, has_method = pounds(draw(AMOUNTS)), pounds(draw(AMOUNTS)), draw(st.booleans())
        done = step(starts_at, price, credit, has_method, now)
        due_at = next_look(done, starts_at, ends_at)
        found.append((now, done, due_at, has_method or price <= credit))
        assert len(found) <= len(Step), "it never comes to an end"
    return starts_at, ends_at, found


@given(looks())
def test_a_period_is_announced_and_waited_for_at_most_once_and_invoiced_once(lived: Lived) -> None:
    starts_at, ends_at, found = lived
    steps = [done for _, done, _, _ in found]
    assert steps == sorted(set(steps), key=list(Step).index)
    assert steps[-1] is Step.INVOICE
    assert found[-1][2] == first_look(ends_at)
    assert [now for now, *_ in found] == sorted(now for now, *_ in found)
    for now, done, due_at, _ in found[:-1]:
        assert now < due_at <= starts_at, (now, done)


@given(looks())
def test_nothing_is_done_before_its_time_or_left_undone(lived: Lived) -> None:
    starts_at, _, found = lived
    for now, done, _, is_pulled in found:
        ahead = starts_at - now
        assert (done is Step.ANNOUNCE) == (ahead > INVOICED_AHEAD)
        assert ahead <= ANNOUNCED_AHEAD
        if done is Step.INVOICE:
            assert ahead <= (timedelta() if is_pulled else INVOICED_AHEAD)
        if done is Step.WAIT:
            assert is_pulled


@given(STARTS, LENGTHS, AMOUNTS)
def test_whoever_looks_in_time_announces_and_then_invoices_on_the_day_that_how_it_is_paid_asks_for(
    starts_at: datetime, length: timedelta, amount: int
) -> None:
    nothing, ends_at = pounds(0), starts_at + length
    looked: dict[bool, list[tuple[Step, timedelta]]] = {}
    for has_method in (True, False):
        at, done = first_look(starts_at), None
        looked[has_method] = []
        while done is not Step.INVOICE:
            done = step(starts_at, pounds(amount + 1), nothing, has_method, at)
            looked[has_method].append((done, starts_at - at))
            at = next_look(done, starts_at, ends_at)
    week, three_days = timedelta(days=7), timedelta(days=3)
    assert looked[False] == [(Step.ANNOUNCE, week), (Step.INVOICE, three_days)]
    assert looked[True] == [(Step.ANNOUNCE, week), (Step.WAIT, three_days), (Step.INVOICE, timedelta())]
