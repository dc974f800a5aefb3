"""What an agreement holds of a whole period (product.md, *Prices*)."""

import pytest

from portal.billing.pricing import terms_of


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
