"""Lives of some days, drawn by chance, seeded by the run: product and model agree after every step, and the oracle at
the end."""

from collections.abc import Callable

import pytest

from tests.simulation.machine import live
from tests.simulation.profiles import DAYS
from tests.simulation.stage import Stage
from tests.support import proving

pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize("lot", DAYS.seeds)
def test_a1_a2_a6_b1_b4_b6_c1_c2_c5_c6_product_and_model_agree(
    lives: Stage, lot: int, saw: Callable[[str], None]
) -> None:
    live(lives, DAYS.examples, proving.seed() + lot)
    assert lives.played >= DAYS.examples
    saw(lives.told())
