"""Everything that stands in an address or a header × whatever may stand there: never a fault, nothing comes alive."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text
from werkzeug.test import TestResponse

from portal.kit import edge
from portal.kit.config import Settings
from portal.kit.db import db as session
from tests.support import rows
from tests.support.callers import client_of
from tests.support.everything import World
from tests.support.forms import forms_of
from tests.support.inert import PAYLOADS, traces
from tests.support.proving import sample, seed
from tests.web import expected
from tests.web.hostile import INERT, NEVER, NUMBERS

Saw = Callable[[str], None]
PARAMETERS = ("page", "next", "q", "moved", "csrf_token", "_method", "lang")
"""What is tried on every page beside the fields of its own filters."""
VALUES = ["", "0", "1", "5\n", "99999", "100000", "2026-02-30", "0000-00-00", "9999-12-31", "0001-01-01", "90.0000001",
          *NUMBERS, *NEVER, *INERT, *PAYLOADS]  # fmt: skip
STRANGE = [
    "a%00b", "%FF%E2%80%AE", "x" * 3000, "%27%20OR%201%3D1--..%2F%0d%0aX-Fuzz:%20y", "%3Cfuzz%3E", "..%2f..%2fetc",
    "%7B%7B7919*7907%7D%7D", "-1", "99999999999999999999", "%F0%9F%92%A5", "%2e%2e", "{id}%00",
]  # fmt: skip
LATIN = "\u00ff" * 50
HEADERS = {
    "Accept-Language": ["zh;q=NaN", "en;q=1e999", "x" * 6000, "*", "zh-Hans-CN-x-y;q=0.1,,;;", LATIN, "-;q=-1"],
    "X-Forwarded-For": ["<fuzz>", "203.0.113.1, " * 200, "::1", LATIN, "127.0.0.1\t"],
    "X-Forwarded-Proto": ["https", "javascript", "<fuzz>"],
    "X-Forwarded-Host": ["fuzz.example", "fuzz.example:99999"],
    "Host": ["fuzz.example", "[::1", "a:99999999", "", "x" * 300, "fuzz.example/<fuzz>", "\u00e4.example", "a b"],
    "Cookie": [
        "stallholder=garbage",
        "stallholder=" + "A" * 4000,
        "stallholder=.eJw.x.y; stallholder=",
        "=;=;;",
        f"{LATIN}={LATIN}",
        "stallholder=eyJfdXNlcl9pZCI6MX0.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbb",
    ],
    "HX-Current-URL": [
        "http://[",
        "javascript:fuzz()",
        "//fuzz.example/",
        "http://x//fuzz.example/",
        LATIN,
        "",
    ],
    "HX-Request": ["<fuzz>", "false"],
    "Authorization": ["Bearer \u00ff", "Basic !!!", "Bearer", "x" * 6000],
    "Range": ["bytes=0-0,1-1,-1", "bytes=99999999999999999999-", "lines=1"],
    "If-None-Match": ['"' * 99, "W/"],
    "If-Modified-Since": ["yesterday", "Thu, 01 Jan 1970 00:00:00 GMT", "9" * 400],
    "Referer": ["javascript:fuzz()", "http://["],
    "Content-Type": ["multipart/form-data", f"text/html; charset={LATIN}", "application/json;" + "a=b;" * 500],
    "Content-Length": ["-1", "abc", "1e3", "99999999999999"],
    "X-HTTP-Method-Override": ["DELETE"],
    "X-CSRFToken": [LATIN],
}


def judge(answers: Iterator[tuple[Any, TestResponse]]) -> Counter[int]:
    """Fail with every answer that is a fault or shows a trace; return how often each status came."""
    wrong, statuses = {}, Counter[int]()
    for name, answer in answers:
        statuses[answer.status_code] += 1
        found = traces(answer) + ([str(answer.status_code)] if answer.status_code >= 500 else [])
        wrong |= {name: found} if found and "/readyz" not in str(name) else {}
    assert wrong == {}
    return statuses


def told(statuses: Counter[int]) -> str:
    return ", ".join(f"{count} × {status}" for status, count in sorted(statuses.items()))


def caller_of(right: str) -> str:
    return "admin" if right.startswith("console:") else "own"


Query = tuple[str, str, str, str]
"""Caller, address, parameter and value."""


def queries(app: Flask, world: World, cookies: dict[str, str]) -> tuple[list[Query], list[Query]]:
    """Every value in each field of each page's own filters, and in the usual parameters that the page does not have."""
    own: list[Query] = []
    other: list[Query] = []
    for method, rule, right in expected.routes(app):
        if method == "GET":
            address = world.address(rule)
            answer = client_of(app, cookies[caller_of(right)]).get(address)
            forms = forms_of(answer.text) if answer.mimetype == "text/html" else []
            known = {name for form in forms if form.method != "post" for name in form.fields}
            own += [(caller_of(right), address, name, value) for name in sorted(known) for value in VALUES]
            strange = [name for name in PARAMETERS if name not in known]
            other += [(caller_of(right), address, name, value) for name in strange for value in VALUES]
    return own, other


@pytest.mark.timeout(900)
def test_f1_f7_f9_every_parameter_of_every_page(
    app: Flask, paid_world: World, cookies: dict[str, str], saw: Saw
) -> None:
    before = rows.digests()
    own, other = queries(app, paid_world, cookies)
    cases = sample([*own, *other[seed() % 8 :: 8]], 100, "queries")  # of the others another eighth with another seed

    def ask() -> Iterator[tuple[Any, TestResponse]]:
        for caller, address, name, value in cases:
            client = client_of(app, cookies[caller])
            yield (address, name, value[:40]), client.get(address, query_string={name: value})

    statuses = judge(ask())
    assert rows.changed(before) == set()
    saw(f"{len(cases)} queries: {told(statuses)}; no row changed")


@pytest.mark.timeout(900)
def test_f7_whatever_stands_for_an_id(app: Flask, paid_world: World, cookies: dict[str, str], saw: Saw) -> None:
    before = rows.digests()
    places = [
        (caller_of(right), method, rule, strange)
        for method, rule, right in expected.routes(app)
        for strange in STRANGE
        if "<" in rule
    ]

    def ask() -> Iterator[tuple[Any, TestResponse]]:
        for caller, method, rule, strange in sample(places, 80, "ids"):
            head, _, last = rule.rpartition("<")
            address = paid_world.address(head) + strange + last.partition(">")[2]
            yield (method, rule, strange[:40]), client_of(app, cookies[caller]).open(address, method=method)

    statuses = judge(ask())
    assert not {status for status in statuses if status >= 500}
    assert rows.changed(before) == set()
    saw(f"{statuses.total()} addresses: {told(statuses)}; no row changed")


@pytest.mark.timeout(900)
def test_f7_whatever_stands_in_a_header(app: Flask, paid_world: World, cookies: dict[str, str], saw: Saw) -> None:
    before = rows.digests()
    pages = ["/", "/login", "/history", "/console", "/metrics", f"/pay/{paid_world.ids['session']}", "/account",
             f"/media/{paid_world.ids['name']}"]  # fmt: skip
    cases = [(page, name, value) for page in pages for name, values in HEADERS.items() for value in values]

    def ask() -> Iterator[tuple[Any, TestResponse]]:
        for page, name, value in sample(cases, 45, "headers"):
            for who in ("own", "anonymous"):
                client = client_of(app, "" if name == "Cookie" else cookies[who])
                method = "POST" if name in ("Content-Type", "Content-Length") else "GET"
                yield (page, name, value[:40]), client.open(page, method=method, headers={name: value})

    statuses = judge(ask())
    assert rows.changed(before) == set()
    saw(f"{statuses.total()} requests: {told(statuses)}; no row changed")


@pytest.mark.parametrize("number", ["99999", "10000", "9" * 30])
def test_f9_huge_pages_are_capped(app: Flask, paid_world: World, cookies: dict[str, str], number: str) -> None:
    products = f"/businesses/{paid_world.ids['business']}/products"
    for address in ("/history", "/history/invoices", products, "/directory"):
        answer = client_of(app, cookies["own"]).get(address, query_string={"page": number})
        assert answer.status_code == 200
        assert answer.text.count(number) <= 1  # where the language form leads back to, and no page of the list


def test_f9_a_question_that_takes_too_long_is_answered_503(app: Flask, settings: Settings, saw: Saw) -> None:
    """Another connection holds the table that the page reads; the limit on statements is the product's own, shorter."""
    edge.write(lambda: session.execute(text("SET statement_timeout = '200ms'")))
    with psycopg.connect(settings.database_url) as other:
        other.execute("LOCK TABLE business_entitlements IN ACCESS EXCLUSIVE MODE")
        answer = app.test_client().get("/directory?q=something+slow")
        other.rollback()
    assert answer.status_code == 503
    assert "Nothing was changed" in answer.text
    assert app.test_client().get("/directory?q=something+slow").status_code == 200
    saw("a statement cut off by statement_timeout: 503 and a page that says so; the next request is answered")
