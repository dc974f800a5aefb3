"""Every flow, cut off by SIGKILL before and after each of its commits and calls: whoever takes it up finishes it, once.

A failure names its point; ``pytest tests/sweep -k "pay and not notice" --point "…"`` lives that one alone.
"""

from collections.abc import Callable

import pytest

from tests.support import proving
from tests.sweep import flows, unsafe
from tests.sweep.flow import MISCOUNTED, Flow
from tests.sweep.sweeper import Sweeper

_SAMPLE = 2
_FEWEST = 4
pytestmark = pytest.mark.timeout(900)


def named(flow: Flow) -> str:
    return flow.name.replace(" ", "_")


@pytest.mark.parametrize("flow", flows.ALL, ids=named)
def test_a1_a2_a7_a_flow_cut_anywhere_is_finished_once(
    sweeper: Sweeper, flow: Flow, saw: Callable[[str], None], request: pytest.FixtureRequest
) -> None:
    sweep = sweeper.sweep(flow)
    points = sweep.points()
    assert len(points) >= _FEWEST
    assert [wanted for wanted in flow.passes if not any(wanted in point for point in points)] == [], points
    asked = request.config.getoption("--point", default=None)
    chosen = [asked] if asked else proving.sample(points, _SAMPLE, flow.name)
    wrong = {point: found for point in chosen if (found := sweep.dead_at(point))}
    assert not wrong, "\n\n".join(f"{point}\n{found}" for point, found in wrong.items())
    saw(f"{flow.name}: cut at {len(chosen)} of {len(points)} points, finished once each time")


@pytest.mark.parametrize("flow", unsafe.ALL, ids=named)
def test_the_sweep_finds_what_is_unsafe(sweeper: Sweeper, flow: Flow) -> None:
    sweep = sweeper.sweep(flow)
    suspects = [point for point in sweep.points() if flow.passes[0] in point]
    found = [sweep.dead_at(point) for point in suspects]
    assert any(MISCOUNTED in said for said in found), found
