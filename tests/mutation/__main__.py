"""``python -m tests.mutation``: change the pure rules of money in every small way, and fail where no test notices.

Which files are changed and which tests are asked stands in ``pyproject.toml`` (*tool.mutmut*); what nobody needs to
notice, and why, in ``reasons.toml``.
"""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import click

from tests.mutation.verdict import complaints, survivors
from tests.support.processes import ROOT

REASONS = Path(__file__).parent / "reasons.toml"


def mutmut(*words: str) -> str:
    """Let mutmut do something and return what it says."""
    command = [sys.executable, "-m", "mutmut", *words]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout


def main() -> None:
    """Try every mutant anew, whatever an earlier run remembers: the tests may have changed since."""
    shutil.rmtree(ROOT / "mutants", ignore_errors=True)
    tried = subprocess.run([sys.executable, "-m", "mutmut", "run"], cwd=ROOT, check=False)
    if tried.returncode:
        sys.exit("mutmut could not try the mutants")
    count, found = survivors(mutmut("results", "--all", "true"), lambda name: mutmut("show", name))
    wrong = complaints(count, found, tomllib.loads(REASONS.read_text()).get("mutant", []))
    click.echo(f"{count} mutants, {len(found)} of them noticed by no test")
    for sentence in wrong:
        click.echo(f"\n{sentence}")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
