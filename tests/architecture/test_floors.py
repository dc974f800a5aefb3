"""The staircase of imports, as the contracts in pyproject.toml tell it."""

import ast

import pytest
from importlinter.cli import lint_imports

from tests.architecture.sources import ROOT, python_files, relative, tree


def test_imports_go_down_only(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)

    assert lint_imports(cache_dir=None) == 0, capsys.readouterr().out


def test_migrations_import_nothing_of_the_product() -> None:
    imported = {
        (relative(file), name)
        for file in python_files("migrations")
        for node in ast.walk(tree(file))
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in ([alias.name for alias in node.names] if isinstance(node, ast.Import) else [str(node.module)])
    }

    assert [pair for pair in sorted(imported) if pair[1].split(".")[0] in ("portal", "worker")] == []
