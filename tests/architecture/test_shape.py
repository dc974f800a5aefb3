"""Small files, small functions, telling names, and words that have no place where they would stand."""

import ast
import re
import tokenize
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.sources import CODE, MONEY_ROOMS, ROOT, functions, python_files, relative, tree

_LARGEST_FILE = 300
_LARGEST_FUNCTION = 40
_VAGUE = re.compile(r"(^|_)(service|services|util|utils|helper|helpers|manager|managers|common|misc)$")
_TEXTS = ("*.py", "*.html", "*.css", "*.js")


def own_files() -> Iterator[Path]:
    """Every file that we wrote; what is vendored keeps its own size."""
    for folder in (*CODE, "templates", "static"):
        for pattern in _TEXTS:
            yield from (file for file in (ROOT / folder).rglob(pattern) if "vendor" not in file.parts)


def names(file: Path) -> list[str]:
    """The names that a Python file's code uses; comments and texts are left out."""
    with file.open("rb") as lines:
        return [token.string for token in tokenize.tokenize(lines.readline) if token.type == tokenize.NAME]


def test_no_file_is_long() -> None:
    lengths = {relative(file): len(file.read_text().splitlines()) for file in own_files()}

    assert {file: length for file, length in lengths.items() if length > _LARGEST_FILE} == {}


def test_no_function_is_long() -> None:
    """Migrations are exempt: theirs hold SQL, one statement after the other."""
    lengths = {
        f"{relative(file)}:{function.name}": (function.end_lineno or 0) - function.lineno + 1
        for file in python_files("portal", "worker", "tests", ".ci")
        for function in functions(file)
    }

    assert {name: length for name, length in lengths.items() if length >= _LARGEST_FUNCTION} == {}


def test_files_are_named_by_what_they_do() -> None:
    assert [relative(file) for file in own_files() if _VAGUE.search(file.stem)] == []


@pytest.mark.parametrize("folder", ["portal", "worker", "migrations", "tests"])
def test_every_file_says_what_it_is_for(folder: str) -> None:
    assert [relative(file) for file in python_files(folder) if not ast.get_docstring(tree(file))] == []


def test_only_the_edge_commits() -> None:
    ends = [
        relative(file)
        for file in python_files("portal", "worker")
        if "sandbox" not in file.parts
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Attribute) and node.attr in ("commit", "rollback")
    ]

    assert set(ends) == {"portal/kit/edge.py"}


def test_money_is_never_a_float() -> None:
    files = [*python_files(*(f"portal/{room}" for room in MONEY_ROOMS))]

    assert [relative(file) for file in files if {"float", "Float", "Double", "REAL"} & set(names(file))] == []


def test_the_money_rooms_know_no_sandbox() -> None:
    """What is tried in the sandbox must be what runs beside real money."""
    files = python_files(*(f"portal/{room}" for room in MONEY_ROOMS))

    assert [relative(file) for file in files if any("sandbox" in name.lower() for name in names(file))] == []
