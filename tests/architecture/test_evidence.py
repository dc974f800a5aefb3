"""What was seen is stale once the test, or anything it rests on, is another; and not whenever anything is."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import evidence

TREE = {
    "tests/room/test_one.py": "from tests.room import tools\nfrom tests.support import shop\n\nLIMIT = 5\n\n\n"
    "def test_a1_first() -> None:\n    assert tools.made() < LIMIT\n\n\n"
    "def test_a2_second() -> None:\n    assert LIMIT\n",
    "tests/room/conftest.py": "import pytest\n",
    "tests/room/tools.py": "from tests.other.depths import DEEP\n\n\ndef made() -> int:\n    return DEEP\n",
    "tests/other/depths.py": "DEEP = 3\n",
    "tests/support/shop.py": "NAME = 'Lantern'\n",
}
Digests = Callable[[], dict[str, str]]


@pytest.fixture
def digests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Digests:
    """Ask for the digests of a little tree as it is now."""
    monkeypatch.setattr(evidence, "ROOT", tmp_path)
    for name, source in TREE.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(source)

    def ask() -> dict[str, str]:
        for known in (evidence.tests_of, evidence._without_tests, evidence._modules, evidence._parsed):
            known.cache_clear()
        return {name: test.digest for name, test in evidence.tests_of(tmp_path / "tests/room/test_one.py").items()}

    return ask


@pytest.mark.parametrize(
    ("file", "old", "new", "stale"),
    [
        ("tests/room/test_one.py", "< LIMIT", "<= LIMIT", ["test_a1_first"]),
        ("tests/room/test_one.py", "LIMIT = 5", "LIMIT = 6", ["test_a1_first", "test_a2_second"]),
        ("tests/room/conftest.py", "import pytest", "import hypothesis", ["test_a1_first", "test_a2_second"]),
        ("tests/room/tools.py", "return DEEP", "return 0", ["test_a1_first", "test_a2_second"]),
        ("tests/other/depths.py", "DEEP = 3", "DEEP = 4", ["test_a1_first", "test_a2_second"]),
        ("tests/support/shop.py", "Lantern", "Harbour", []),
    ],
    ids=["the test", "a constant beside it", "fixtures", "a helper", "a helper's helper", "a shared tool"],
)
def test_what_a_test_rests_on_makes_it_stale(
    digests: Digests, tmp_path: Path, file: str, old: str, new: str, stale: list[str]
) -> None:
    before = digests()
    assert digests() == before
    source = (tmp_path / file).read_text()
    assert old in source
    (tmp_path / file).write_text(source.replace(old, new))
    assert [name for name, digest in digests().items() if digest != before[name]] == stale


def report(path: Path, digest: str) -> Path:
    """The report of a run that saw a test as it was then."""
    told = {"test": "tests/room/test_one.py::test_a1_first", "digest": digest, "profile": "sample", "seen": "all"}
    properties = "".join(f'<property name="{name}" value="{value}"/>' for name, value in told.items())
    path.write_text(f"<testsuites><testcase><properties>{properties}</properties></testcase></testsuites>")
    return path


def test_a_report_of_what_has_changed_since_does_not_replace_what_is_known(digests: Digests, tmp_path: Path) -> None:
    now = digests()["test_a1_first"]
    known: evidence.Evidence = {}
    evidence.take_in(known, report(tmp_path / "now.xml", now))
    assert [facts["digest"] for facts in known.values()] == [now]
    evidence.take_in(known, report(tmp_path / "old.xml", "before"))
    assert [facts["digest"] for facts in known.values()] == [now]


def test_a_test_that_has_changed_is_stale_until_a_run_has_seen_it(
    digests: Digests, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "tests/rows.toml").write_text('[A]\ntitle = "Rows"\n1 = "One holds."\n2 = "Two holds."\n')
    monkeypatch.setattr(evidence, "PAGE", tmp_path / "page.md")
    now = digests()
    kept = {
        f"tests/room/test_one.py::{name}": {"digest": digest, "profile": "sample", "cases": 1, "seen": [name]}
        for name, digest in now.items()
    }
    (tmp_path / "page.md").write_text(evidence.page(kept))
    assert evidence.problems(kept, kept) == []
    first = "tests/room/test_one.py::test_a1_first"
    kept = kept | {first: kept[first] | {"digest": "before"}}
    assert [told.split(" ")[0] for told in evidence.problems(kept, kept)] == [first]
    seen = dict(kept)
    evidence.take_in(seen, report(tmp_path / "now.xml", now["test_a1_first"]))
    assert evidence.problems(kept, seen) == []
