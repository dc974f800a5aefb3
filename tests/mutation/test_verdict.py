"""The judge of the mutants: whoever is not noticed is named unless explained, and no reason outlives its mutant."""

import pytest

from tests.mutation.verdict import Survivor, complaints, survivors

RESULTS = """\
    portal.billing.periods.x_boundary__mutmut_1: killed
    portal.billing.periods.x_boundary__mutmut_2: timeout
    portal.billing.periods.x_boundary__mutmut_3: survived
    portal.kit.money.xǁMoneyǁallocate__mutmut_12: no tests
"""
DIFFERENCE = """\
--- portal/kit/money.py
+++ portal/kit/money.py
@@ -1,3 +1,3 @@
     whole = sum(weights)
-    if whole <= 0:
+    if whole <= 1:
"""
FOUND = Survivor("portal.kit.money.Money.allocate", "if whole <= 0:", "if whole <= 1:")
REASON = {"function": FOUND.function, "was": FOUND.was, "became": FOUND.became, "reason": "One more is the same."}


def test_who_is_not_noticed_or_not_tried_has_survived() -> None:
    tried, found = survivors(RESULTS, lambda name: DIFFERENCE)
    assert tried == 4
    assert found == [Survivor("portal.billing.periods.boundary", FOUND.was, FOUND.became), FOUND]


def test_a_survivor_with_a_reason_is_well() -> None:
    assert complaints(4, [FOUND], [REASON]) == []
    assert complaints(4, [], []) == []


@pytest.mark.parametrize(
    ("tried", "found", "reasons", "said"),
    [
        (4, [FOUND], [], "no test notices in portal.kit.money.Money.allocate"),
        (4, [FOUND], [REASON | {"became": "if whole <= 2:"}], "no test notices"),
        (4, [], [REASON], "has no mutant any more"),
        (4, [FOUND], [REASON | {"reason": " "}], "a reason is missing"),
        (0, [], [], "no mutant was tried"),
    ],
)
def test_what_is_not_well_is_said(tried: int, found: list[Survivor], reasons: list[dict[str, str]], said: str) -> None:
    assert said in "\n".join(complaints(tried, found, reasons))
