"""Every route says who may open it, and nothing changes by looking at it."""

from collections.abc import Callable, Iterator
from typing import Any

from flask import Flask
from werkzeug.routing import Rule

from portal.identity.permissions import BUSINESS_RIGHTS, CONSOLE_RIGHTS, USE_ACCOUNT
from portal.kit import views

_MARKS = {"public", USE_ACCOUNT} | BUSINESS_RIGHTS | CONSOLE_RIGHTS
View = Callable[..., Any]


def rules(app: Flask) -> Iterator[tuple[Rule, View]]:
    """Our own routes; Flask's serves the static files."""
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            yield rule, app.view_functions[rule.endpoint]


def gates(view: View | None) -> int:
    """How many gates stand before a view."""
    count = 0
    while view is not None:
        count += view.__code__.co_filename == views.__file__
        view = getattr(view, "__wrapped__", None)
    return count


def test_every_route_has_one_gate(app: Flask) -> None:
    assert [rule.rule for rule, view in rules(app) if gates(view) != 1] == []


def test_every_gate_asks_for_a_right_there_is(app: Flask) -> None:
    assert {rule.rule for rule, view in rules(app) if getattr(view, "access", None) not in _MARKS} == set()


def test_the_console_and_the_shops_ask_for_their_own_rights(app: Flask) -> None:
    swapped = [
        rule.rule
        for rule, view in rules(app)
        if view.access != "public" and (view.access in CONSOLE_RIGHTS) != rule.rule.startswith("/console")
    ]

    assert swapped == []


def test_looking_changes_nothing(app: Flask) -> None:
    writing = [rule.rule for rule, view in rules(app) if "GET" in (rule.methods or ()) and hasattr(view, "writes")]

    assert writing == []


def test_no_view_both_looks_and_acts(app: Flask) -> None:
    both = [rule.rule for rule, _ in rules(app) if {"GET", "POST"} <= (rule.methods or set())]

    assert both == []
