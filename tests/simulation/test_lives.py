"""Lives drawn by chance, seeded by the run: product and model agree after every step, and the oracle at the end."""

from collections.abc import Callable

from hypothesis import HealthCheck, Phase, settings
from hypothesis import seed as seeded
from hypothesis.stateful import run_state_machine_as_test

from tests.simulation.machine import Life
from tests.simulation.stage import Stage
from tests.support import proving

STEPS = 14
HOW = settings(
    deadline=None,
    derandomize=False,
    database=None,
    stateful_step_count=STEPS,
    suppress_health_check=list(HealthCheck),
    print_blob=False,
    report_multiple_bugs=False,
)


def live(lives: Stage, examples: int, *, is_to_shrink: bool = True) -> None:
    """Play so many lives."""

    class Played(Life):
        stage = lives

    phases = [Phase.generate, *([Phase.shrink] if is_to_shrink else [])]
    seeded(proving.seed())(Played)
    run_state_machine_as_test(Played, settings=settings(HOW, max_examples=examples, phases=phases))


def test_a1_a2_a6_b1_b4_b6_c1_c2_c5_c6_product_and_model_agree(lives: Stage, saw: Callable[[str], None]) -> None:
    live(lives, proving.times(15, 300))
    saw(lives.told())
