"""Every field of every form × whatever may be typed: no fault of ours, nothing comes alive, refused leaves no trace."""

import io
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from flask import Response
from sqlalchemy import text

from portal.kit import edge
from portal.kit.db import db
from tests.fuzz.conftest import Field
from tests.fuzz.targets import AS_SENT, Target
from tests.support.everything import OWNER
from tests.support.inert import PAYLOADS
from tests.support.proving import sample
from tests.web import expected
from tests.web.hostile import INERT, NEVER, NUMBERS

Saw = Callable[[str], None]
PARTS = 3
ODD = ["", " ", "5\n", "0", "on", "null", "[]", "\u3000", "é" * 300, "\r\n" * 90]
VALUES = [*NEVER, *NUMBERS, *INERT, *PAYLOADS, *ODD]
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="fuzz()"><script>fuzz()</script></svg>'
NO_FILES = {
    "empty": b"",
    "SVG": SVG,
    "NUL": b"name\n\x00",
    "no UTF-8": b"name\n\xff\xfe",
    "GIF and script": b"GIF89a=1;" + SVG,
    "JSON": b'[{"name": NaN, "name": 1e999}]',
    "deep JSON": b"[" * 9000,
    "open quote": b'name\n"',
    "HTML": b"<fuzz>",
}
_CUT_OFF = b'--x\r\nContent-Disposition: form-data; name="name"\r\n\r\nA'
_FORM, _MULTIPART = "application/x-www-form-urlencoded", "multipart/form-data"
RAW: dict[str, dict[str, Any]] = {
    "no UTF-8": {"data": b"name=%ff%fe&email=\xff&locale=%00", "content_type": _FORM},
    "JSON": {"data": b'{"name": NaN, "name": 1e999}', "content_type": "application/json"},
    "text": {"data": b"name=Ann", "content_type": "text/plain"},
    "XML": {"data": b'<!DOCTYPE x [<!ENTITY a "b">]><x>&a;</x>', "content_type": "application/xml"},
    "no boundary": {"data": b"--x\r\n\r\n", "content_type": _MULTIPART},
    "cut off": {"data": _CUT_OFF, "content_type": f"{_MULTIPART}; boundary=x"},
    "odd charset": {"data": b"name=a", "content_type": f"{_FORM}; charset=utf-7"},
    "600 parts": {"data": {f"f{number}": "1" for number in range(600)}, "content_type": _MULTIPART},
    "a long text": {"data": {"name": "x" * 600_000}, "content_type": _MULTIPART},
}


def try_all(field: Field, cases: list[tuple[Target, str, dict[str, Any]]]) -> Counter[int]:
    """Send each case from its beginning; fail with all complaints, return how often each status came."""
    complaints, statuses = {}, Counter[int]()
    by_rule: dict[str, list[tuple[Target, str, dict[str, Any]]]] = {}
    for case in cases:
        by_rule.setdefault(case[0].rule, []).append(case)
    for rule, same in by_rule.items():
        with field.beginning(rule):
            for target, name, how in same:
                status, wrong = field.complaints(target, **how)
                statuses[status] += 1
                if wrong:
                    complaints[rule, name] = wrong
    assert complaints == {}
    return statuses


def told(statuses: Counter[int]) -> str:
    shares = ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))
    return f"{statuses.total()} forms: {shares}"


def test_every_form_is_found_and_taken_as_it_should_be_sent(field: Field) -> None:
    posts = {rule for method, rule, _ in expected.routes(field.app) if method == "POST" and not rule.startswith("/api")}
    assert set(field.targets) == posts
    answers = {}
    for rule, target in field.targets.items():
        with field.beginning(rule):
            answers[rule] = field.complaints(target)
    assert {rule: found for rule, found in answers.items() if found != (AS_SENT.get(rule, 303), [])} == {}


@pytest.mark.timeout(900)
@pytest.mark.parametrize("part", range(PARTS))
def test_f1_f7_whatever_is_typed_is_inert(field: Field, part: int, saw: Saw) -> None:
    cases = [
        (target, f"{name}={value[:40]!r}", {name: value})
        for target in [*field.targets.values()][part::PARTS]
        for name in target.fields
        for value in VALUES
    ]
    saw(told(try_all(field, sample(cases, 60, f"forms {part}"))))


@pytest.mark.timeout(900)
def test_f1_f7_fields_twice_missing_or_of_another_kind(field: Field, saw: Saw) -> None:
    cases: list[tuple[Target, str, dict[str, Any]]] = []
    for target in field.targets.values():
        for name, value in target.fields.items():
            cases.append((target, f"{name} twice", {name: [value, value]}))
            cases.append((target, f"no {name}", {name: None}))
            cases.append((target, f"{name} as a file", {name: (io.BytesIO(b"x"), "x.txt")}))
        for name in target.files:
            cases.append((target, f"no {name}", {name: None}))
            cases.append((target, f"{name} as text", {name: "<fuzz>"}))
            cases += [
                (target, f"{name}: {kind}", {name: (io.BytesIO(content), f"../{kind}<fuzz>.svg\x00")})
                for kind, content in NO_FILES.items()
            ]
    saw(told(try_all(field, sample(cases, 50, "kinds"))))


@pytest.mark.timeout(900)
def test_f1_f7_bodies_of_another_kind(field: Field, saw: Saw) -> None:
    cases = [(target, kind, {"raw": dict(raw)}) for target in field.targets.values() for kind, raw in RAW.items()]
    saw(told(try_all(field, sample(cases, 50, "bodies"))))


BRANCH = "/businesses/<business>/branches/new"


def test_an_answer_that_echoes_markup_is_seen(field: Field) -> None:
    target, typed = field.targets[BRANCH], 'Somebody "><fuzz>'
    assert field.complaints(target, name=typed) == (303, [])
    field.app.jinja_env.autoescape = False
    field.app.jinja_env.cache.clear()
    try:
        assert field.complaints(target, name=typed)[1] != []
    finally:
        field.app.jinja_env.autoescape = field.app.select_jinja_autoescape
        field.app.jinja_env.cache.clear()


def test_a_refusal_that_leaves_its_mark_on_a_row_is_seen(field: Field) -> None:
    """One letter of one row is enough, also where a refusal may write that somebody guessed."""
    mark = text("UPDATE users SET name = name || '.' WHERE email = :email")
    refused = [(BRANCH, {"name": ""}), ("/login", {"password": "a guess"})]

    def leave_a_mark(answer: Response) -> Response:
        if answer.status_code == 422:
            edge.write(lambda: db.execute(mark, {"email": OWNER}))
        return answer

    def complaints() -> list[tuple[int, list[str]]]:
        found = []
        for rule, wrong in refused:
            with field.beginning(rule):
                found.append(field.complaints(field.targets[rule], **wrong))
        return found

    assert complaints() == [(422, [])] * 2
    field.app.after_request_funcs[None].append(leave_a_mark)
    try:
        assert complaints() == [(422, ["users"])] * 2
    finally:
        field.app.after_request_funcs[None].remove(leave_a_mark)
