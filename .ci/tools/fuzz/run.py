"""Turns libFuzzer on every parser for its share of the time, and says how often each was tried and what was found.

``python run.py MINUTES``, or ``--runs N`` for N inputs a parser: exit 1 on a finding. Its input is left in
``.reports/fuzz``; moved to the parser's folder in ``seeds`` it is tried first, here and in every run of the tests.
"""

# ruff: noqa: T201 (this program talks to a person)

import argparse
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
FINDINGS = ROOT / ".reports" / "fuzz"
_EXECUTIONS = re.compile(r"stat::number_of_executed_units:\s*([0-9]+)")


@dataclass(frozen=True)
class Fuzzed:
    """What came of a parser: how often it was tried, the inputs it fell over, and what was said then."""

    executions: int
    inputs: list[Path]
    trouble: str


def fuzz(name: str, options: Sequence[str], corpus: Path, patience: float) -> Fuzzed:
    """Try a parser with libFuzzer's options, beginning with its seeds; what led further is kept in ``corpus``."""
    corpus.mkdir(parents=True, exist_ok=True)
    before = set(FINDINGS.glob(f"{name}-*"))
    always = ["-print_final_stats=1", "-timeout=10", "-rss_limit_mb=1024", f"-artifact_prefix={FINDINGS}/{name}-"]
    said = subprocess.run(
        [sys.executable, str(HERE / "guided.py"), name, *always, *options, str(corpus), str(HERE / "seeds" / name)],
        cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, errors="replace",
        check=False, timeout=patience,
    )  # fmt: skip
    found = _EXECUTIONS.search(said.stderr)
    inputs = sorted(set(FINDINGS.glob(f"{name}-*")) - before)
    is_broken = said.returncode != 0 or found is None
    return Fuzzed(int(found[1]) if found else 0, inputs, _trouble(said.stdout + said.stderr) if is_broken else "")


def _trouble(said: str) -> str:
    """What went wrong, of all that was said: the parser's own traceback, or else the end."""
    _, mark, told = said.partition(" === Uncaught Python exception: ===")
    return (mark + told)[:3000] if mark else said[-3000:]


def main() -> int:
    """Try each parser for its share and tell what came of it."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("minutes", type=float, nargs="?", default=2.0)
    options.add_argument("--runs", type=int, help="so many inputs a parser instead, from a corpus that is thrown away")
    options.add_argument("--seed", type=int, default=0, help="what libFuzzer's dice begin with; 0 is another each time")
    given = options.parse_args()
    FINDINGS.mkdir(parents=True, exist_ok=True)
    names = sorted(folder.name for folder in (HERE / "seeds").iterdir())
    with tempfile.TemporaryDirectory() as thrown_away:
        if given.runs:
            limit, corpora, patience = f"-runs={given.runs}", Path(thrown_away), 600
        else:
            seconds = max(1, int(given.minutes * 60 / len(names)))
            limit, corpora, patience = f"-max_total_time={seconds}", FINDINGS / "corpus", seconds + 120
        found = [_tell(name, fuzz(name, [limit, f"-seed={given.seed}"], corpora / name, patience)) for name in names]
    return 0 if all(found) else 1


def _tell(name: str, fuzzed: Fuzzed) -> bool:
    """Print what came of a parser; say whether it stood."""
    left = ", ".join(str(path.relative_to(ROOT)) for path in fuzzed.inputs)
    shown = left or ("broken" if fuzzed.trouble else "nothing found")
    print(f"{name:10} {fuzzed.executions:>10,} executions: {shown}", flush=True)
    print(fuzzed.trouble, end="", flush=True)
    return not fuzzed.trouble


if __name__ == "__main__":
    sys.exit(main())
