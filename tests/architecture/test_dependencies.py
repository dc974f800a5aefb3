"""Every package we depend on has its reason in docs/dependencies.md."""

import re
import tomllib

from tests.architecture.sources import ROOT

TOOLS = sorted((ROOT / ".ci" / "tools").glob("*/pyproject.toml"))
_FIRST_CELL = re.compile(r"^\| ([^|]+) \|", re.MULTILINE)


def test_every_dependency_has_its_reason() -> None:
    projects = [tomllib.loads(file.read_text()) for file in (ROOT / "pyproject.toml", *TOOLS)]
    wanted = [
        requirement
        for project in projects
        for requirement in [*project["project"]["dependencies"], *project.get("dependency-groups", {}).get("dev", [])]
    ]
    names = {re.split(r"[^\w.-]", requirement)[0].split("=")[0] for requirement in wanted}
    cells = _FIRST_CELL.findall((ROOT / "docs" / "dependencies.md").read_text())
    told = {name for cell in cells for name in cell.replace("`", "").split(", ")} - {"library", "tool", "---"}

    assert names - told == set()
    assert told - names == set()


def test_locks_name_the_public_index_only() -> None:
    for project in (ROOT / "pyproject.toml", *TOOLS):
        hosts = set(re.findall(r'"https?://([^/"]+)', project.with_name("uv.lock").read_text()))
        assert hosts <= {"pypi.org", "files.pythonhosted.org"}, project
