"""G5: whoever logs out, changes the password or loses a role is out at once, at every route, with every old cookie."""

from collections.abc import Callable

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.identity import links, operators, queries
from portal.identity.links import Purpose
from portal.identity.permissions import OperatorRole
from portal.kit import clock, config, edge
from tests.support import rows
from tests.support.callers import client_of
from tests.support.everything import OWNER, World
from tests.support.shop import PASSWORD
from tests.web import expected

Saw = Callable[[str], None]
Act = Callable[[FlaskClient], None]
NEW = "another correct battery"


def log_out(owner: FlaskClient) -> None:
    owner.post("/logout")


def change_password(_: FlaskClient) -> None:
    """Elsewhere, by another log-in of the same person."""
    elsewhere = _.application.test_client()
    elsewhere.post("/login", data={"email": OWNER, "password": PASSWORD})
    form = {"current_password": PASSWORD, "password": NEW}
    assert elsewhere.post("/account/password", data=form).status_code == 303
    assert elsewhere.get("/account").status_code == 200


def renew_password(_: FlaskClient) -> None:
    def wish() -> str:
        link_id = links.want(queries.get_user_of(OWNER), Purpose.RESET_PASSWORD, edge.now())
        assert link_id is not None
        return links.mint_link_token(link_id, clock.wall())

    elsewhere = _.application.test_client()
    assert elsewhere.post(f"/reset/{edge.write(wish)}", data={"password": NEW}).status_code == 303


def answers(app: Flask, world: World, cookie: str) -> dict[tuple[str, str], str]:
    """What each route says to the cookie, each from the same beginning."""
    found = {}
    for method, rule, right in expected.routes(app):
        with rows.undone():
            answer = client_of(app, cookie).open(world.address(rule), method=method)
            found[method, rule] = expected.cell(answer, right)[0]
    return found


def column(caller: str) -> dict[tuple[str, str], str]:
    return {(row.method, row.rule): row.answers[caller] for row in expected.table() if row.state == "paid"}


@pytest.mark.parametrize("act", [log_out, change_password, renew_password])
def test_g5_an_old_cookie_is_nobodys_at_every_route(
    app: Flask, paid_world: World, cookies: dict[str, str], act: Act, saw: Saw
) -> None:
    assert client_of(app, cookies["own"]).get("/account").status_code == 200
    act(client_of(app, cookies["own"]))
    found = answers(app, paid_world, cookies["own"])
    assert found == column("anonymous")
    saw(f"{act.__name__}: the old cookie is answered as nobody at all {len(found)} routes")


@pytest.mark.parametrize(("act", "becomes"), [("manager", "viewer"), ("removed", "other")])
def test_g5_a_role_that_is_taken_away_is_gone_at_the_next_request(
    app: Flask, paid_world: World, cookies: dict[str, str], act: str, becomes: str, saw: Saw
) -> None:
    """The owner changes a manager to a viewer, or takes somebody out of the team; the cookie itself goes on."""
    team = f"/businesses/{paid_world.ids['business']}/team"
    member = edge.write(lambda: _member(paid_world, "manager@shop.example"))
    owner = client_of(app, cookies["own"])
    if act == "removed":
        assert owner.post(f"{team}/{member}/remove").status_code == 303
    else:
        assert owner.post(f"{team}/{member}", data={"role": "viewer"}).status_code == 303
    found = answers(app, paid_world, cookies["manager"])
    places = {route for route in found if "<business>" in route[1]}
    expectation = column(becomes)
    assert {route: found[route] for route in places} == {route: expectation[route] for route in places}
    saw(f"{act}: answered as {becomes} at all {len(places)} routes of the business, by the same cookie")


def test_g5_an_operator_whose_second_factor_is_renewed_is_out(
    app: Flask, paid_world: World, cookies: dict[str, str], saw: Saw
) -> None:
    email, key = f"{OperatorRole.ADMIN}@desk.example", config.current().secret_key
    assert client_of(app, cookies["admin"]).get("/console").status_code == 200
    edge.write(lambda: operators.reset_second_factor(email, key, edge.now(), clock.wall()))
    found = answers(app, paid_world, cookies["admin"])
    assert found == column("anonymous")
    saw(f"the old cookie is answered as nobody at all {len(found)} routes")


def _member(world: World, email: str) -> str:
    found = queries.find_member(world.business.id, queries.get_user_of(email).id)
    assert found is not None
    return found.public_id
