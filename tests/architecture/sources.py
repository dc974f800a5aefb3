"""The repository as text and syntax trees, for the guards of the house."""

import ast
import importlib
import pkgutil
from collections.abc import Iterator
from functools import cache, lru_cache
from pathlib import Path
from types import ModuleType

import portal
import worker

ROOT = Path(__file__).parents[2]
CODE = ("portal", "worker", "migrations", "tests", ".ci")
MONEY_ROOMS = ("ledger", "payments", "invoicing", "billing", "currency", "catalogue")


@lru_cache
def python_files(*folders: str) -> tuple[Path, ...]:
    """All Python files under these folders of the repository, by default all we wrote."""
    return tuple(sorted(file for folder in folders or CODE for file in (ROOT / folder).rglob("*.py")))


def relative(file: Path) -> str:
    """The path as a failing guard should name it."""
    return file.relative_to(ROOT).as_posix()


@cache
def tree(file: Path) -> ast.Module:
    """The syntax tree of a Python file; all of them together take 120 MB, and two seconds to be made."""
    return ast.parse(file.read_text())


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """All functions of a file, nested ones too."""
    for node in ast.walk(tree(file)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def module_of(file: Path) -> ModuleType:
    """The module that a file of portal or worker is."""
    name = ".".join(file.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    return importlib.import_module(name)


def import_everything() -> None:
    """Import the whole product, so that every table and every view is known."""
    for package in (portal, worker):
        for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
            if not found.name.startswith("portal.sandbox") and not found.name.endswith("__main__"):
                importlib.import_module(found.name)
