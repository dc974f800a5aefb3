"""Turns libFuzzer on every parser for its share of the time, and says how often each was tried and what was found.

``python run.py MINUTES``: exit 1 on a finding; its input is left in ``.reports/fuzz`` and becomes a regression test.
"""

# ruff: noqa: T201 (this program talks to a person)

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
FINDINGS = ROOT / ".reports" / "fuzz"
_EXECUTIONS = re.compile(r"stat::number_of_executed_units:\s*([0-9]+)")


def names() -> list[str]:
    """The names of the harnesses: the functions of ``parsers.py``, which only its own environment can import."""
    tree = ast.parse((HERE / "parsers.py").read_text())
    return [node.name for node in tree.body if isinstance(node, ast.FunctionDef)]


def fuzz(name: str, seconds: int) -> tuple[int, list[Path], str]:
    """Try a parser for so long; return how often, the inputs that it fell over, and the end of what was said."""
    corpus = FINDINGS / "corpus" / name
    corpus.mkdir(parents=True, exist_ok=True)
    before = set(FINDINGS.glob(f"{name}-*"))
    options = [f"-max_total_time={seconds}", "-print_final_stats=1", "-timeout=10", "-rss_limit_mb=1024"]
    command = [sys.executable, str(HERE / "parsers.py"), name, *options, f"-artifact_prefix={FINDINGS}/{name}-"]
    environ = os.environ | {"PYTHONPATH": str(ROOT)}
    said = subprocess.run(
        [*command, str(corpus), str(HERE / "seeds" / name)], cwd=ROOT, env=environ, capture_output=True, text=True,
        errors="replace", check=False, timeout=seconds + 120,
    )  # fmt: skip
    found = _EXECUTIONS.search(said.stderr)
    inputs = sorted(set(FINDINGS.glob(f"{name}-*")) - before)
    is_broken = said.returncode != 0 or found is None
    return int(found[1]) if found else 0, inputs, (said.stdout + said.stderr)[-3000:] if is_broken else ""


def main() -> int:
    """Share the minutes out and tell what came of it."""
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 2.0
    seconds = max(1, int(minutes * 60 / len(names())))
    FINDINGS.mkdir(parents=True, exist_ok=True)
    is_sound = True
    for name in names():
        executions, inputs, trouble = fuzz(name, seconds)
        is_sound = is_sound and not trouble
        shown = ", ".join(str(path.relative_to(ROOT)) for path in inputs) or ("broken" if trouble else "nothing found")
        print(f"{name:10} {executions:>10,} executions in {seconds} s: {shown}", flush=True)
        print(trouble, end="", flush=True)
    return 0 if is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
