"""Every parser under the fuzzer that sees coverage, for as long as a test may take; `make fuzz` goes on from there.

An input that a parser once fell over is kept in ``.ci/tools/fuzz/seeds``, and tried first here ever after.
"""

import re
import runpy
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.processes import ROOT
from tests.support.proving import do_without, seed, times

FUZZ = Path(".ci/tools/fuzz")
SEEDS = ROOT / FUZZ / "seeds"
PARSERS: dict[str, Callable[[bytes], None]] = runpy.run_path(str(ROOT / FUZZ / "parsers.py"))["PARSERS"]
TOOLS = ROOT / ".venv" / "tools" / "fuzz" / "bin" / "python"
FRAGILE = """
def parse(data):
    if data[:1] == b"S":
        if data[1:2] == b"h":
            if data[2:3] == b"o":
                if data[3:4] == b"p":
                    raise ZeroDivisionError
"""
"""Whoever does not see how far an input came has to guess four bytes at once."""


@pytest.mark.parametrize("name", PARSERS)
def test_every_kept_input_is_taken_or_refused(name: str) -> None:
    kept = sorted((SEEDS / name).iterdir())
    assert kept
    for path in kept:
        PARSERS[name](path.read_bytes())


def test_a_fuzzer_that_sees_coverage_finds_nothing_in_any_parser() -> None:
    runs = times(2_000, 50_000)
    said = _fuzz(ROOT, runs)
    assert said.returncode == 0, said.stdout
    tried = dict(re.findall(r"^(\w+) +([0-9,]+) executions: nothing found$", said.stdout, re.MULTILINE))
    assert tried.keys() == PARSERS.keys()
    assert all(int(count.replace(",", "")) >= runs for count in tried.values()), tried


def test_the_fuzzer_finds_a_planted_hole_and_leaves_what_fell_into_it(tmp_path: Path) -> None:
    shutil.copytree(ROOT / FUZZ, tmp_path / FUZZ, ignore=shutil.ignore_patterns("seeds", "parsers.py"))
    (tmp_path / FUZZ / "parsers.py").write_text("from portal.fragile import parse\nPARSERS = {'fragile': parse}\n")
    (tmp_path / FUZZ / "seeds" / "fragile").mkdir(parents=True)
    (tmp_path / "portal").mkdir()
    (tmp_path / "portal" / "fragile.py").write_text(FRAGILE)

    said = _fuzz(tmp_path, 5_000_000)  # most often a tenth of a second; the luckless need some

    assert (said.returncode, "ZeroDivisionError" in said.stdout) == (1, True), said.stdout
    [left] = (tmp_path / ".reports" / "fuzz").glob("fragile-crash-*")
    assert left.read_bytes().startswith(b"Shop")


def _fuzz(root: Path, runs: int) -> subprocess.CompletedProcess[str]:
    """Try the parsers of a tree so often."""
    probe = subprocess.run([TOOLS, "-c", "import atheris"], capture_output=True, text=True, check=False)
    if "No module named" in probe.stderr:
        do_without("atheris has no wheel for this machine; the kept inputs were tried all the same")
    command = [TOOLS, root / FUZZ / "run.py", "--runs", str(runs), "--seed", str(seed() % 2**31)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=1200)
