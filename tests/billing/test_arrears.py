"""What is owed from before and what credit pays of it."""

from hypothesis import given
from hypothesis import strategies as st

from portal.billing import arrears
from portal.kit.money import Money

owed = st.lists(st.integers(1, 500), max_size=4).map(
    lambda amounts: [{"kind": "invoice", "number": str(number), "amount": one} for number, one in enumerate(amounts)]
)


@given(owed, st.integers(0, 1000))
def test_credit_pays_what_is_owed_in_its_order_and_no_penny_is_lost(before: arrears.Arrears, amount: int) -> None:
    left, credit = arrears.after_credit(before, Money(amount, "GBP"))
    paid = arrears.total_of(before, "GBP") - arrears.total_of(left, "GBP")
    assert paid + credit == Money(amount, "GBP")
    assert not (left and credit), "nothing is owed while there is credit"
    assert [one["number"] for one in left] == [one["number"] for one in before][len(before) - len(left) :]
    assert left[1:] == before[len(before) - len(left) + 1 :] or not left, "only the oldest of them is paid in part"


@given(owed, st.integers(0, 1000))
def test_it_comes_to_the_same_whether_credit_has_paid_already(before: arrears.Arrears, amount: int) -> None:
    left, credit = arrears.after_credit(before, Money(amount, "GBP"))
    assert arrears.after_credit(left, credit) == (left, credit)
