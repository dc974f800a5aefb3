"""What the tests of the fault matrix saw: kept in ``tests/evidence.json``, shown in ``docs/reliability.md``.

``python -m tests.support.evidence`` takes in the reports under ``.reports/`` and writes both; with ``--check``, after
the tests, it only says what is stale: a row without a test, a test that neither these reports nor what is kept has seen
as it and what it rests on stand, a page that differs from what is kept.
"""

import ast
import hashlib
import json
import sys
import tomllib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple
from xml.etree import ElementTree  # the report is our own test run's

from tests.support import proving
from tests.support.processes import ROOT

STORE = ROOT / "tests" / "evidence.json"
PAGE = ROOT / "docs" / "reliability.md"
REPORTS = ROOT / ".reports"
_SENTENCES = 3
_SHARED = ("tests.support", "tests.fixtures")
_COLUMNS = "| row | must hold | shown by | what was seen |\n| --- | --- | --- | --- |\n"
_HEAD = """# What must hold, and what was seen

Made by `make reliability` from `tests/rows.toml` and the reports of the tests; `make test` fails when a row has no
test, or one that was not seen as it and what it rests on stand. `make test` tries a sample of each sweep and matrix,
`make prove` everything. After each test that moves money the oracle asks: are all invariants kept, does the provider's
book equal our clearing accounts, is every acknowledged write to be found, is nothing left waiting?
"""

Evidence = dict[str, dict[str, Any]]
Saw = Callable[[str], None]
"""What the fixture ``saw`` gives: it takes a sentence for docs/reliability.md."""


class Test(NamedTuple):
    """A test of the tree by its path and name, and a digest of its source and of what it rests on."""

    id: str
    rows: list[str]
    digest: str


@cache
def tests_of(path: Path) -> dict[str, Test]:
    """The tests of a file that show rows, by name."""
    lines, ground = path.read_text().splitlines(), _ground(path)
    found = {}
    for node in _tests(path):
        if proving.rows(node.name):
            source = ground + "\n".join(lines[_first(node) - 1 : node.end_lineno])
            digest = hashlib.sha256(source.encode()).hexdigest()[:12]
            found[node.name] = Test(f"{path.relative_to(ROOT)}::{node.name}", proving.rows(node.name), digest)
    return found


def _ground(path: Path) -> str:
    """What the tests of a file rest on: the rest of the file, its folder's fixtures and the modules they take from.

    Other tests are left out of it, and so are the tools that all share, which have tests of their own: what was seen
    is stale once its own ground has moved, and not whenever anything has.
    """
    found: dict[Path, str] = {}
    left = [path, path.with_name("conftest.py")]
    while left:
        file = left.pop()
        if file.exists() and file not in found:
            found[file] = _without_tests(file)
            left += _modules(file)
    return "".join(found[file] for file in sorted(found))


@cache
def _without_tests(path: Path) -> str:
    lines = path.read_text().splitlines(keepends=True)
    for node in reversed(_tests(path)):
        del lines[_first(node) - 1 : node.end_lineno]
    return "".join(lines)


@cache
def _modules(path: Path) -> list[Path]:
    """The files under tests that one takes something from, but for the shared tools."""
    taken = [node for node in _parsed(path).body if isinstance(node, ast.ImportFrom)]
    names = [name for node in taken for name in (node.module, *(f"{node.module}.{one.name}" for one in node.names))]
    own = [name for name in names if name and name.startswith("tests.") and not name.startswith(_SHARED)]
    return [file for name in own if (file := ROOT / f"{name.replace('.', '/')}.py").exists()]


@cache
def _parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def _tests(path: Path) -> list[ast.FunctionDef]:
    return [one for one in _parsed(path).body if isinstance(one, ast.FunctionDef) and one.name.startswith("test_")]


def _first(node: ast.FunctionDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])


def all_tests() -> list[Test]:
    """Every test of the tree that shows a row."""
    return [test for path in sorted((ROOT / "tests").rglob("test_*.py")) for test in tests_of(path).values()]


def matrix() -> dict[str, dict[str, str]]:
    """The families of rows: each its title and, by number, what must come of what may happen."""
    return tomllib.loads((ROOT / "tests" / "rows.toml").read_text())


def take_in(evidence: Evidence, report: Path) -> None:
    """Add what a report saw of the tests as they stand; a sample never replaces everything seen of the same source."""
    seen: dict[str, list[ElementTree.Element]] = {}
    for case in ElementTree.parse(report).iter("testcase"):  # noqa: S314 - written by our own run
        properties = [(item.get("name"), item.get("value", "")) for item in case.iter("property")]
        for name, value in properties:
            if name == "test":
                seen.setdefault(value, []).append(case)
    live = {test.id: test.digest for test in all_tests()}
    for key, cases in seen.items():
        new, old = _summary(cases), evidence.get(key, {})
        is_less = old.get("digest") == new["digest"] and old.get("profile") == "everything" != new["profile"]
        is_clean = all(case.find(trouble) is None for case in cases for trouble in ("failure", "error", "skipped"))
        if is_clean and not is_less and new["digest"] == live.get(key):
            evidence[key] = new


def _summary(cases: list[ElementTree.Element]) -> dict[str, Any]:
    values: dict[str, list[str]] = {}
    for case in cases:
        for item in case.iter("property"):
            values.setdefault(str(item.get("name")), []).append(str(item.get("value")))
    sentences = list(dict.fromkeys(values.get("seen", [])))[:_SENTENCES]
    return {"digest": values["digest"][0], "profile": values["profile"][0], "cases": len(cases), "seen": sentences}


def properties(item_path: Path, name: str) -> list[tuple[str, str]]:
    """What the report of a run says of a test, beside its outcome."""
    test = tests_of(item_path).get(name)
    if test is None:
        return []
    profile = "everything" if proving.is_everything() else "sample"
    return [("test", test.id), ("digest", test.digest), ("profile", profile)]


def page(evidence: Evidence) -> str:
    """The text of docs/reliability.md."""
    tests = all_tests()
    parts = [_HEAD]
    for family, entries in matrix().items():
        parts.append(f"\n## {family}. {entries['title']}\n\n{_COLUMNS}")
        for number, rule in entries.items():
            if number != "title":
                shown = [test for test in tests if f"{family}{number}" in test.rows]
                parts += [_line(f"{family}{number}", rule, shown, evidence)]
    return "".join(parts)


def _line(row: str, rule: str, tests: list[Test], evidence: Evidence) -> str:
    links, sentences = [], []
    for test in tests:
        file, _, name = test.id.partition("::")
        facts = evidence.get(test.id, {})
        count = f" ×{facts['cases']}" if facts.get("cases", 1) > 1 else ""
        links.append(f"[{' '.join(name.split('_')[1 + len(test.rows) :])}](../{file}){count}")
        sentences += facts.get("seen", [])
    seen = "<br>".join(dict.fromkeys(sentences)) or "**nothing was seen**"
    return f"| {row} | {rule} | {'<br>'.join(links)} | {seen} |\n"


def problems(kept: Evidence, evidence: Evidence) -> list[str]:
    """What keeps the page from being true today.

    :param kept: what the page is made of.
    :param evidence: that, and what the reports of the last run saw.
    """
    tests = all_tests()
    known = {f"{family}{number}" for family, entries in matrix().items() for number in entries if number != "title"}
    shown = {row for test in tests for row in test.rows}
    found = [f"row {row} has no test" for row in sorted(known - shown)]
    found += [f"row {row} stands in a test's name and not in tests/rows.toml" for row in sorted(shown - known)]
    told = {row for test in tests if evidence.get(test.id, {}).get("seen") for row in test.rows}
    found += [f"no test of row {row} says what it saw" for row in sorted(known & shown - told)]
    for test in tests:
        if evidence.get(test.id, {}).get("digest") != test.digest:
            found.append(f"{test.id} was not seen as it stands: make test TESTS={test.id.partition('::')[0]}")
    if not PAGE.exists() or PAGE.read_text() != page(kept):
        found.append("docs/reliability.md is stale: make reliability")
    return found


def main() -> int:
    """Write the evidence and the page, or check them; say what is stale."""
    kept: Evidence = json.loads(STORE.read_text()) if STORE.exists() else {}
    evidence = dict(kept)
    for report in sorted(REPORTS.glob("*.xml"), key=lambda path: path.stat().st_mtime):
        take_in(evidence, report)
    if "--check" not in sys.argv:
        live = {test.id for test in all_tests()}
        kept = evidence = {key: facts for key, facts in sorted(evidence.items()) if key in live}
        STORE.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
        PAGE.write_text(page(kept))
    stale = problems(kept, evidence)
    print("\n".join(stale), file=sys.stderr)  # noqa: T201
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
