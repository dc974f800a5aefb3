"""The attackers' tools find a hole that is there: else a clean run of `make attack` would mean nothing."""

from collections.abc import Callable
from pathlib import Path

from tests.attack import tools
from tests.attack.gate import gate
from tests.attack.planted import planted


def test_f7_wapiti_finds_a_planted_hole(tmp_path: Path, saw: Callable[[str], None]) -> None:
    with planted() as port, gate(port, "") as opened:
        outcome = tools.wapiti(opened.url, tmp_path, 60, checks="sql,xss")

    found = {(finding.kind, finding.parameter) for finding in outcome.findings}
    assert {("SQL Injection", "q"), ("Reflected Cross Site Scripting", "q")} <= found
    saw(f"planted SQL injection and script found in {sum(opened.statuses.values())} requests")


def test_f7_sqlmap_finds_a_planted_hole(tmp_path: Path, saw: Callable[[str], None]) -> None:
    with planted() as port, gate(port, "") as opened:
        outcome = tools.sqlmap(opened.url, tmp_path, 60, database="sqlite")

    assert {(finding.kind, finding.parameter, finding.place) for finding in outcome.findings} == {
        ("SQL Injection", "q", "/")
    }
    saw(f"planted SQL injection found in {sum(opened.statuses.values())} requests")


def test_an_answer_of_500_is_a_finding(tmp_path: Path) -> None:
    with planted() as port, gate(port, "") as opened:
        assert opened.send("GET", "/?q='", {}, b"")[0] == 500

    assert [(fault.kind, fault.place) for fault in opened.faults] == [("Server fault", "/")]
