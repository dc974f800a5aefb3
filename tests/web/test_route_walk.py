"""Every route × everybody: G1 (another vendor's is as if absent), G2 (a role that lacks the right), strangers.

The walk reads the routes from the application. A route whose address it cannot fill in fails it, so that a new one must
be given its place in ``tests/support/everything.py``.
"""

from collections.abc import Iterator
from typing import NamedTuple

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from portal.identity import permissions
from portal.identity.permissions import BUSINESS_RIGHTS, USE_ACCOUNT, Role
from portal.kit import edge
from portal.kit.db import db as session
from tests.support.everything import OTHER, OWNER, VIEWER, World, make_everything, pay_here
from tests.support.pages import log_in

TABLES = (
    "businesses", "branches", "products", "product_photos", "product_imports", "team_members", "team_invitations",
    "customers", "subscriptions", "quotes", "invoices", "payment_sessions", "payment_attempts",
    "membership_transactions", "payment_refunds", "staged_jobs",
)  # fmt: skip


class Place(NamedTuple):
    """A route with its address filled in, the method that matters, and the right it is marked with."""

    method: str
    path: str
    right: str


@pytest.fixture
def world(db: None) -> World:
    world = edge.write(make_everything)
    edge.write(lambda: pay_here(world))
    return world


@pytest.fixture
def places(app: Flask, world: World) -> list[Place]:
    found = []
    adapter = app.url_map.bind("127.0.0.1")
    for rule in app.url_map.iter_rules():
        if rule.endpoint != "static":
            method = "POST" if "POST" in (rule.methods or ()) else "GET"
            path = adapter.build(rule.endpoint, {name: world.ids[name] for name in rule.arguments}, method=method)
            found.append(Place(method, path, app.view_functions[rule.endpoint].access))  # type: ignore[attr-defined]
    return found


@pytest.fixture
def of_business(places: list[Place], world: World) -> list[Place]:
    """What belongs to the shop of the world and to no other."""
    known = [value for name, value in world.ids.items() if name not in ("name", "token", "position", "provider")]
    return [place for place in places if place.right in BUSINESS_RIGHTS and any(id_ in place.path for id_ in known)]


def browser(app: Flask, email: str | None) -> FlaskClient:
    client = app.test_client()
    if email:
        log_in(client, email)
    return client


def rows() -> dict[str, str]:
    def digest(table: str) -> str:
        query = f"SELECT md5(coalesce(string_agg(t::text, '|' ORDER BY t::text), '')) FROM {table} t"  # noqa: S608
        return str(session.execute(text(query)).scalar_one())

    return edge.write(lambda: {table: digest(table) for table in TABLES})


@pytest.fixture
def _nothing_moves(world: World) -> Iterator[None]:
    before = rows()
    yield
    assert rows() == before


@pytest.mark.usefixtures("_nothing_moves")
def test_g1_anothers_is_as_if_absent(app: Flask, of_business: list[Place]) -> None:
    stranger = browser(app, OTHER)
    answers = {place: stranger.open(place.path, method=place.method).status_code for place in of_business}
    assert len(answers) > 25
    assert {place: status for place, status in answers.items() if status != 404} == {}


@pytest.mark.usefixtures("_nothing_moves")
def test_g1_nobody_gets_in_without_a_log_in(app: Flask, places: list[Place]) -> None:
    client = browser(app, None)
    wrong = {}
    for place in places:
        if place.right in BUSINESS_RIGHTS | {USE_ACCOUNT}:
            answer = client.open(place.path, method=place.method)
            if answer.status_code not in (302, 303) or not str(answer.location).startswith("/login"):
                wrong[place] = answer.status_code
    assert wrong == {}


@pytest.mark.usefixtures("_nothing_moves")
def test_g2_a_viewer_may_look_and_no_more(app: Flask, of_business: list[Place]) -> None:
    viewer = browser(app, VIEWER)
    wrong = {}
    for place in of_business:
        status = viewer.open(place.path, method=place.method).status_code
        is_let_in = status != 403
        if is_let_in != permissions.can(Role.VIEWER, False, place.right):
            wrong[place] = status
    assert wrong == {}


@pytest.mark.usefixtures("_nothing_moves")
def test_g2_a_vendor_is_no_operator(app: Flask, places: list[Place]) -> None:
    owner = browser(app, OWNER)
    console = [place for place in places if place.right.startswith("console:")]
    answers = {place: owner.open(place.path, method=place.method).status_code for place in console}
    assert {place: status for place, status in answers.items() if status not in (302, 303, 403, 404)} == {}


@pytest.mark.parametrize("email", [None, OTHER, OWNER])
def test_nobody_is_shown_a_fault_of_ours(app: Flask, places: list[Place], email: str | None) -> None:
    client = browser(app, email)
    answers = {place: client.open(place.path, method=place.method).status_code for place in places}
    assert {place: status for place, status in answers.items() if status >= 500 and place.path != "/readyz"} == {}
