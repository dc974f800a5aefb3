"""The harness itself: it runs both sides in turn, misses what is slow, and remembers what used to be faster."""

import json
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import HISTORY, all_benches, run
from tests.benchmarks.harness import Bench, Limit, Run, Sides, at_least, at_most, measure


def slept(seconds: float) -> Run:
    """Do something that takes so long; its figure is how often it can be done in a second."""
    began = time.perf_counter()
    time.sleep(seconds)
    return Run(1 / (time.perf_counter() - began))


def bench(ours: Callable[[], Run], floor: Callable[[], Run] | None, goal: Limit, **limits: Limit) -> Bench[None]:
    @contextmanager
    def sides(_: None) -> Iterator[Sides]:
        yield Sides(ours, floor)

    return Bench("nap", "a nap", "naps/s", goal, sides, limits)


def test_ours_and_its_floor_run_in_turn_and_often_enough() -> None:
    order: list[str] = []

    def noted(name: str) -> Run:
        order.append(name)
        return Run(1)

    measure(bench(lambda: noted("A"), lambda: noted("B"), at_least(0.5)), None)

    assert "".join(order) == "AB" * 6  # once to warm up, then five pairs


def test_a_slow_ours_misses_and_fails_the_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    slow = bench(lambda: slept(0.04), lambda: slept(0.01), at_least(0.5))

    assert run([slow], None, tmp_path, tmp_path / HISTORY.name) == 1
    assert "MISSED" in capsys.readouterr().out
    assert json.loads((tmp_path / "bench.json").read_text())["verdicts"][0]["is_met"] is False


def test_an_ours_that_keeps_up_meets_its_goal(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = bench(lambda: slept(0.01), lambda: slept(0.01), at_least(0.5))

    assert run([good], None, tmp_path, tmp_path / HISTORY.name) == 0
    assert "MISSED" not in capsys.readouterr().out


def test_one_pair_on_a_busy_moment_does_not_decide() -> None:
    figures = iter([1.0, 0.1, 1.0, 1.0, 0.2, 1.0])
    [verdict] = measure(bench(lambda: Run(next(figures)), lambda: Run(1.0), at_least(0.5)), None)

    assert verdict.is_met
    assert verdict.ratio == 1.0
    assert verdict.spread == (0.1, 1.0)


def test_the_worst_run_decides_about_a_limit(tmp_path: Path) -> None:
    figures = iter([0, 0, 0, 0, 1, 0])
    lossy = bench(lambda: Run(1, {"lost": next(figures)}), lambda: Run(1), at_least(0.5), lost=at_most(0))

    assert run([lossy], None, tmp_path, tmp_path / HISTORY.name) == 1


def test_what_has_no_floor_is_held_to_its_own_figure() -> None:
    [verdict] = measure(bench(lambda: Run(1.2), None, at_most(1.0)), None)

    assert (verdict.floor, verdict.ratio, verdict.is_met) == (None, 1.2, False)


@pytest.mark.parametrize(
    ("goal", "before", "now", "is_told"),
    [
        (at_least(0.5), 0.9, 0.6, True),
        (at_least(0.5), 0.9, 0.8, False),
        (at_least(0.5), 0.6, 0.9, False),
        (at_most(1.5), 1.0, 1.3, True),
        (at_most(1.5), 1.3, 1.0, False),
    ],
)
def test_the_history_notices_what_became_a_fifth_worse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], goal: Limit, before: float, now: float, is_told: bool
) -> None:
    for ratio in (before, before, before):
        run([bench(lambda ratio=ratio: Run(ratio), lambda: Run(1), goal)], None, tmp_path, tmp_path / HISTORY.name)
    assert "got worse" not in capsys.readouterr().out

    run([bench(lambda: Run(now), lambda: Run(1), goal)], None, tmp_path, tmp_path / HISTORY.name)

    assert ("got worse" in capsys.readouterr().out) is is_told
    assert len((tmp_path / HISTORY.name).read_text().splitlines()) == 4


def test_every_bench_has_a_name_of_its_own() -> None:
    names = [bench.name for bench in all_benches()]

    assert len(set(names)) == len(names) > 0


def test_the_history_lies_in_the_repository_and_knows_the_benches_that_there_are() -> None:
    """Git keeps it, and a bench that was renamed is renamed there, lest it be forgotten how fast it was."""
    assert subprocess.run(["git", "check-ignore", "--quiet", HISTORY], check=False).returncode == 1
    lines = [json.loads(line) for line in HISTORY.read_text().splitlines()]
    names = {bench.name for bench in all_benches()}

    assert {ratio.partition(":")[0] for line in lines for ratio in line["ratios"]} <= names
    assert all({"at", "commit", "cores", "python"} <= line.keys() for line in lines)
