"""``python -m tests.benchmarks [NAME…]``: runs the benches, all or those named, and fails where one misses its goal."""

import importlib
import pkgutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import click

from tests.benchmarks import benches, report
from tests.benchmarks.harness import Bench, Verdict, measure
from tests.benchmarks.place import Place, opened
from tests.support.processes import ROOT

P = TypeVar("P")
REPORTS = ROOT / ".reports"
HISTORY = ROOT / "docs" / "bench-history.jsonl"
"""Lies in the repository, so that a regression is also seen from another checkout."""


def all_benches() -> list[Bench[Place]]:
    """Every bench: each file of ``benches`` holds its own as ``BENCH``."""
    names = sorted(found.name for found in pkgutil.iter_modules(benches.__path__, f"{benches.__name__}."))
    return [importlib.import_module(name).BENCH for name in names]


def chosen(names: Sequence[str]) -> list[Bench[Place]]:
    """Return the benches of these names, all where none is given."""
    there = {bench.name: bench for bench in all_benches()}
    unknown = set(names) - there.keys()
    if unknown:
        raise click.UsageError(f"no bench is called {', '.join(sorted(unknown))}; there are {', '.join(there)}")
    return [there[name] for name in names or there]


@click.command()
@click.argument("names", nargs=-1)
def main(names: tuple[str, ...]) -> None:
    """Measure, tell, and remember."""
    wanted = chosen(names)
    with opened() as place:
        sys.exit(run(wanted, place, REPORTS, HISTORY))


def run(wanted: Sequence[Bench[P]], place: P, reports: Path, history: Path) -> int:
    """Measure these at a place, report and remember; return the exit code, 1 where a goal is missed."""
    verdicts: list[Verdict] = []
    for bench in wanted:
        click.echo(f"measuring {bench.name} …")
        verdicts += measure(bench, place)
    click.echo(report.table(verdicts))
    report.write(verdicts, reports / "bench.json")
    for told in report.remember(verdicts, history):
        click.secho(told, fg="yellow")
    return 0 if all(verdict.is_met for verdict in verdicts) else 1


if __name__ == "__main__":
    main()
