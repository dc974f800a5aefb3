"""Lives drawn by chance, seeded by the run: product and model agree after every step, and the oracle at the end."""

from collections.abc import Callable

import pytest

from tests.simulation.machine import live
from tests.simulation.stage import Stage
from tests.support import proving

pytestmark = pytest.mark.timeout(900)


@pytest.mark.parametrize("lot", range(proving.times(1, 12)))
def test_a1_a2_a6_b1_b4_b6_c1_c2_c5_c6_product_and_model_agree(
    lives: Stage, lot: int, saw: Callable[[str], None]
) -> None:
    live(lives, proving.times(6, 25), proving.seed() + lot)
    saw(lives.told())
