"""Every package we depend on has its reason in docs/dependencies.md."""

import re
import tomllib

from tests.architecture.sources import ROOT

_FIRST_CELL = re.compile(r"^\| ([^|]+) \|", re.MULTILINE)


def test_every_dependency_has_its_reason() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    wanted = [*project["project"]["dependencies"], *project["dependency-groups"]["dev"]]
    names = {re.split(r"[^\w.-]", requirement)[0].split("=")[0] for requirement in wanted}
    cells = _FIRST_CELL.findall((ROOT / "docs" / "dependencies.md").read_text())
    told = {name for cell in cells for name in cell.replace("`", "").split(", ")} - {"library", "tool", "---"}

    assert names - told == set()
    assert told - names == set()
