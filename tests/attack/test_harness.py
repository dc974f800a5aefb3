"""The attackers' tools find a hole that is there: else a clean run of `make attack` would mean nothing."""

from pathlib import Path

import pytest
import requests

from tests.attack import tools
from tests.attack.__main__ import FEWEST_FORMS, Run
from tests.attack.gate import Gate, gate
from tests.attack.planted import planted


def test_wapiti_finds_a_planted_hole(tmp_path: Path) -> None:
    with planted() as port, gate(port, "") as opened:
        outcome = tools.wapiti(opened.url, tmp_path, 60, checks="sql,xss")

    found = {(finding.kind, finding.parameter) for finding in outcome.findings}
    assert {("SQL Injection", "q"), ("Reflected Cross Site Scripting", "q")} <= found


def test_sqlmap_finds_a_planted_hole(tmp_path: Path) -> None:
    with planted() as port, gate(port, "") as opened:
        outcome = tools.sqlmap(opened.url, tmp_path, 60, database="sqlite")

    assert {(finding.kind, finding.parameter, finding.place) for finding in outcome.findings} == {
        ("SQL Injection", "q", "/")
    }


def test_an_answer_of_500_is_a_finding(tmp_path: Path) -> None:
    with planted() as port, gate(port, "") as opened:
        assert opened.send("GET", "/?q='", {}, b"")[0] == 500

    assert [(fault.kind, fault.place) for fault in opened.faults] == [("Server fault", "/")]


def test_what_is_to_be_left_alone_is_never_reached() -> None:
    with planted() as port, gate(port, "", ["/mine"]) as opened:
        assert [requests.get(opened.url + place, timeout=10).status_code for place in ("/mine/x", "/logout", "/")] == [
            404,
            404,
            200,
        ]
    assert opened.places == {"GET /": 1}


def test_a_tool_that_dies_at_its_start_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "sqlmap").write_text("#!/bin/sh\nexit 3\n")
    (tmp_path / "sqlmap").chmod(0o755)
    monkeypatch.setattr(tools, "TOOLS", tmp_path)
    outcome = tools.sqlmap("http://127.0.0.1:9", tmp_path, 60)
    assert [(finding.kind, finding.detail) for finding in outcome.findings] == [("Died", "it ended with 3")]
    assert not outcome.is_finished


def test_a_tool_that_has_no_form_read_is_a_finding() -> None:
    reached = Run("operator", "sqlmap", Gate(0, ""), tools.Outcome([], is_finished=True), 1)
    assert [finding.kind for finding in reached.findings] == ["Too few forms"]
    for number in range(FEWEST_FORMS):
        for status in (403, 404, 405, 410, 429):
            reached.opened._note("POST", f"/unread/{number}", status, is_form=True)
        reached.opened._note("GET", f"/opened/{number}", 200, is_form=False)
        reached.opened._note("POST", "/console/clock", 422, is_form=True)
    [finding] = reached.findings
    assert finding.detail == "only 1 were read: POST /console/clock"
    for number in range(FEWEST_FORMS - 1):
        reached.opened._note("GET", f"/console/{number}", 200, is_form=True)
    assert reached.findings == []
