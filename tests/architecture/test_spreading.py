"""Files keep together and in order on their way to the cores; only those that are named are shared out."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support import spreading
from tests.support.processes import ROOT


@dataclass
class Item:
    """What spreading asks of a test."""

    path: Path
    name: str
    seconds: float | None = None

    def get_closest_marker(self, name: str) -> Any:
        return getattr(pytest.mark, name)(self.seconds).mark if self.seconds else None


def test_who_may_take_longest_begins_first_and_files_stay_whole() -> None:
    items: list[Any] = [
        Item(Path("a"), "a1"),
        Item(Path("b"), "b1"),
        Item(Path("b"), "b2", 300),
        Item(Path("c"), "c1", 900),
        Item(Path("d"), "d1"),
    ]
    spreading.longest_first(items)
    assert [item.name for item in items] == ["c1", "b1", "b2", "a1", "d1"]


def test_tests_of_shared_files_go_alone_and_others_with_their_file() -> None:
    spread = spreading.Spreading.__new__(spreading.Spreading)
    assert [file for file in spreading.SHARED if not (ROOT / file).exists()] == []
    shared = f"{spreading.SHARED[0]}::test_one[x]"
    assert spread._split_scope(shared) == shared
    assert spread._split_scope("tests/web/test_pages.py::test_one[x]") == "tests/web/test_pages.py"
