"""G9: what another site can make a browser send is refused before anything is read: no form of ours without its token.

The application here has its form tokens on, and the caller is logged in: the browser sends the cookie along by itself.
"""

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask

from portal.app import create_app
from portal.kit.config import Settings
from portal.kit.rate_limit import limiter
from tests.support import callers, rows
from tests.support.everything import OWNER, World
from tests.web import expected

HTMX = {"HX-Request": "true", "HX-Current-URL": "http://localhost/dashboard"}
GIVEN = {"name": "Mallory", "role": "owner", "email": "mallory@shop.example", "tier": "pro", "locale": "en"}
SENDINGS: dict[str, Callable[[], dict[str, Any]]] = {
    "a form": lambda: {"data": GIVEN},
    "a form by htmx": lambda: {"data": GIVEN, "headers": HTMX},
    "nothing": lambda: {"data": b""},
    "JSON": lambda: {"json": GIVEN},
    "JSON called text": lambda: {"data": json.dumps(GIVEN), "content_type": "text/plain"},
    "a form called text": lambda: {"data": "name=Mallory&role=owner", "content_type": "text/plain"},
    "a file": lambda: {
        "data": {"file": (io.BytesIO(), "x.csv")} | GIVEN,
        "content_type": "multipart/form-data",
    },
    "an empty token": lambda: {"data": GIVEN | {"csrf_token": ""}},
    "a made up token": lambda: {"data": GIVEN | {"csrf_token": "IjEyMyI.aaaaaa.bbbbbb"}},
    "a token in the address": lambda: {"data": GIVEN, "query_string": {"csrf_token": "IjEyMyI.aaaaaa.bbbbbb"}},
    "a made up header": lambda: {"data": GIVEN, "headers": HTMX | {"X-CSRFToken": "IjEyMyI.aaaaaa.bbbbbb"}},
}


@pytest.fixture
def guarded(settings: Settings, app: Flask) -> Flask:
    """The application as it is served, form tokens and all; only the limits of frequency are off, by ``app``."""
    made = create_app(settings)
    limiter.enabled = False
    return made


@pytest.fixture
def world(guarded: Flask, whole_world: World) -> World:
    """One of everything, where ``guarded`` stores its pictures too."""
    return whole_world


def test_g9_no_form_is_taken_without_our_token(
    guarded: Flask, cookies: dict[str, str], world: World, saw: Callable[[str], None]
) -> None:
    world.ids.setdefault("invoice_id", "none")
    before, answers = rows.digests(), {}
    for method, rule, _ in expected.routes(guarded):
        if method == "POST" and not rule.startswith("/api/"):
            client = callers.client_of(guarded, cookies["admin" if rule.startswith("/console") else "own"])
            for name, sending in SENDINGS.items():
                answers[rule, name] = client.post(world.address(rule), **sending()).status_code
    assert len(answers) > 40 * len(SENDINGS)
    assert {sent: status for sent, status in answers.items() if status != 403} == {}
    assert rows.changed(before) == set()
    saw(f"{len(SENDINGS)} ways of sending without our token to each form: {len(answers)} × 403, no row changed")


def test_g9_a_token_is_good_in_its_own_browser_only(guarded: Flask, cookies: dict[str, str]) -> None:
    mine, theirs = (callers.client_of(guarded, cookies[who]) for who in ("own", "other"))
    token = mine.get("/account").text.split('name="csrf_token" value="')[1].split('"')[0]
    form = {"name": "Ann", "locale": "en", "csrf_token": token}
    assert theirs.post("/account", data=form).status_code == 403
    assert mine.post("/account", data=form).status_code == 303
    assert OWNER in mine.get("/account").text
