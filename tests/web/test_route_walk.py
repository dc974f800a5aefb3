"""Every route × everybody, as ``expected_answers.txt`` has it: G1 (another's is as if absent), G2 (a lesser role).

A route without a line fails, and so does a line without a route. Whoever is refused has changed nothing.
"""

from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import update

from portal.identity import permissions
from portal.identity.models import User
from portal.identity.permissions import BUSINESS_RIGHTS, CONSOLE_RIGHTS, OPERATOR_RIGHTS, Role
from portal.kit import edge
from portal.kit.db import db
from tests.support import rows
from tests.support.callers import CALLERS, OPERATORS, VENDORS, client_of
from tests.support.everything import World, pay_here
from tests.web import expected

Saw = Callable[[str], None]
_TEAM = {"viewer": (Role.VIEWER, False), "manager": (Role.MANAGER, False), "spender": (Role.MANAGER, True)}
WRONG_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND")


@pytest.fixture
def rights(app: Flask) -> dict[tuple[str, str], str]:
    """The right of each route by its method and rule."""
    return {(method, rule): right for method, rule, right in expected.routes(app)}


def test_every_route_has_its_line_and_every_line_its_route(rights: dict[tuple[str, str], str]) -> None:
    lines = [(row.state, row.method, row.rule) for row in expected.table()]
    assert len(lines) == len(set(lines))
    assert {(method, rule) for _, method, rule in lines} == set(rights)


def test_the_table_agrees_with_the_roles(rights: dict[tuple[str, str], str]) -> None:
    """What was written down by hand is what the table of rights says: one of them alone could be wrong."""
    wrong = []
    for row in expected.table():
        right = rights[row.method, row.rule]
        if right in BUSINESS_RIGHTS:
            may = {who: permissions.can(*held, right) for who, held in _TEAM.items()}
            wrong += [(row, "other")] if "<business>" in row.rule and row.answers["other"] != "404" else []
        elif right in CONSOLE_RIGHTS:
            may = {who: right in OPERATOR_RIGHTS[role] for who, role in OPERATORS.items()}
            wrong += [(row, who) for who in VENDORS if row.answers[who] != "404"]
        else:
            may = {}
        wrong += [(row, who) for who, is_allowed in may.items() if (row.answers[who] == "403") == is_allowed]
    assert wrong == []


@pytest.mark.parametrize("caller", CALLERS)
def test_g1_g2_everybody_is_answered_as_the_table_says(
    app: Flask, whole_world: World, cookies: dict[str, str], rights: dict[tuple[str, str], str], caller: str, saw: Saw
) -> None:
    wrong, refused, table = {}, 0, expected.table()
    for state in expected.STATES:
        if state == "paid":
            edge.write(lambda: pay_here(whole_world))
        before = rows.digests()
        for row in (row for row in table if row.state == state):
            with rows.undone():
                answer = client_of(app, cookies[caller]).open(whole_world.address(row.rule), method=row.method)
                said, to = expected.cell(answer, rights[row.method, row.rule])
                moved = rows.changed(before) if expected.is_refusal(said) or row.method == "GET" else set()
                refused += expected.is_refusal(said)
            if (said, moved) != (row.answers[caller], set()) or to not in ("", row.leads_to):
                wrong[row.state, row.method, row.rule] = (said, to, moved)
    assert wrong == {}
    saw(f"{caller}: {len(table)} answers as written, {refused} refusals and no row changed by them")


def test_g9_no_route_takes_a_method_it_is_not_made_for(
    app: Flask, paid_world: World, cookies: dict[str, str], rights: dict[tuple[str, str], str], saw: Saw
) -> None:
    before, answers = rows.digests(), {}
    for rule in {rule for _, rule in rights}:
        for method in WRONG_METHODS:
            if (method, rule) not in rights:
                client = client_of(app, cookies["admin" if rule.startswith("/console") else "own"])
                headers = {"X-HTTP-Method-Override": "POST", "Content-Type": "application/x-www-form-urlencoded"}
                answer = client.open(
                    paid_world.address(rule) + "?_method=POST", method=method, headers=headers, data="_method=POST"
                )
                answers[method, rule] = answer.status_code
    assert {route: status for route, status in answers.items() if status != 405} == {}
    assert rows.changed(before) == set()
    saw(f"{len(answers)} wrong methods: 405 each, no row changed")


@pytest.mark.parametrize("caller", ["anonymous", "own", "admin"])
def test_g9_looking_changes_no_row(
    app: Flask, paid_world: World, cookies: dict[str, str], rights: dict[tuple[str, str], str], caller: str, saw: Saw
) -> None:
    before, changing, looks = rows.digests(), {}, 0
    client = client_of(app, cookies[caller])
    for rule in [rule for route, rule in rights if route == "GET"]:
        for method, headers in (("GET", {"HX-Request": "true"}), ("HEAD", {}), ("OPTIONS", {})):
            client.open(paid_world.address(rule), method=method, headers=headers)
            looks += 1
        changing[rule] = rows.changed(before)
    assert {rule: moved for rule, moved in changing.items() if moved} == {}
    saw(f"{caller}: {looks} looks by htmx, HEAD and OPTIONS, no row of any table changed")


def test_the_digest_sees_a_change_anywhere(paid_world: World) -> None:
    before = rows.digests()
    with rows.undone():
        edge.write(lambda: db.execute(update(User).values(name="Other")))
        assert rows.changed(before) == {"users"}
    assert rows.changed(before) == set()
