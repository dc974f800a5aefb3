"""Reads ``expected_answers.txt``: what each caller is answered at each route, written down by hand.

A cell is a status, or ``in`` (led to the log-in), ``desk`` (to the operators' log-in), ``dash`` (to the dashboard); the
last column is where the row's other redirects lead, ids shown as ``*``.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from flask import Flask
from werkzeug.test import TestResponse

from tests.support.callers import CALLERS

STATES = ("open", "paid")
"""While the payment waits for its payer, and once it is paid."""
_FILE = Path(__file__).with_name("expected_answers.txt")
_ID = re.compile(r"\b[a-z]+_[0-9A-Za-z]{22}")


class Row(NamedTuple):
    """A route with the answer to each caller, and the right it is marked with."""

    state: str
    method: str
    rule: str
    answers: dict[str, str]
    leads_to: str


def table() -> list[Row]:
    """All rows, in the order of the file."""
    state, found = "", list[Row]()
    for line in _FILE.read_text().splitlines():
        words = line.split()
        if line.startswith("["):
            state = line.strip("[]")
            assert state in STATES
        elif words and not line.startswith("#"):
            method, rule, *cells = words
            assert len(cells) in (len(CALLERS), len(CALLERS) + 1), line
            answers = dict(zip(CALLERS, cells, strict=False))
            found.append(Row(state, method, rule, answers, "".join(cells[len(CALLERS) :])))
    return found


def routes(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Method, rule and right of every route of ours; Flask's own serves the static files."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
                yield method, rule.rule, app.view_functions[rule.endpoint].access  # type: ignore[attr-defined]


def cell(answer: TestResponse, right: str) -> tuple[str, str]:
    """What the table would say of an answer: the cell, and where it leads."""
    to = _ID.sub("*", answer.location or "")
    if to == "/console/login" and answer.status_code == 302:
        return "desk", ""
    if to.startswith("/login") and right != "public":
        return "in", ""
    return ("dash", "") if to == "/dashboard" else (str(answer.status_code), to)


def is_refusal(said: str) -> bool:
    """Whether a cell stands for an answer that must have changed nothing."""
    return said in ("in", "desk") or (said >= "400" and said.isdigit())
