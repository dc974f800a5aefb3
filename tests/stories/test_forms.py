"""G9: whoever sends a form from elsewhere changes nothing, and nothing is changed by opening an address."""

import re
from uuid import UUID

import pytest
from flask import Flask

from portal.payments import sessions
from tests.support.portal import Portal
from tests.support.visitor import Visitor

FOREIGN = {
    "no token": ({}, {}),
    "a token that is not ours": ({"csrf_token": "IjEyMyI.aaaa.bbbb"}, {}),
    "text/plain that looks like JSON": ('{"csrf_token": "x"}', {"Content-Type": "text/plain"}),
    "JSON": ('{"csrf_token": "x"}', {"Content-Type": "application/json"}),
    "htmx's header": ({}, {"HX-Request": "true"}),
    "a token of another header": ({}, {"X-CSRFToken": "IjEyMyI.aaaa.bbbb"}),
}


@pytest.fixture
def owner(portal: Portal) -> tuple[Visitor, str]:
    """Ann, logged in, and the payment page of her shop."""
    public_id = portal.open_session()
    visitor = portal.visitor()
    assert visitor.log_in("ann@shop.example").status_code == 303
    return visitor, f"/pay/{public_id}"


def test_g9_a_form_without_our_token_changes_nothing(portal: Portal, owner: tuple[Visitor, str]) -> None:
    visitor, address = owner
    answers = {
        (name, path): visitor.send(path, body, headers).status_code
        for name, (body, headers) in FOREIGN.items()
        for path in (f"{address}/cancel", f"{address}/extend", "/logout", "/login")
    }
    assert {sent for sent, status in answers.items() if status != 403} == set()
    session = portal.session(address.rsplit("/", 1)[1])
    assert (session.status, session.expires_at - session.created_at) == ("open", sessions.LIFETIME)
    assert visitor.get("/dashboard").status_code == 200


def test_g9_our_own_page_may(owner: tuple[Visitor, str]) -> None:
    visitor, address = owner
    visitor.get(address)
    assert visitor.post(f"{address}/cancel").status_code == 303


def test_g9_every_form_of_the_product_wants_a_token(portal: Portal) -> None:
    stranger = portal.visitor()
    for_people = [path for path in _posting(portal.app) if not path.startswith("/api/")]
    answers = {path: stranger.send(path, {}).status_code for path in for_people}
    assert {path for path, status in answers.items() if status != 403} == set()


def test_g9_what_programs_send_bears_a_proof_of_its_own(portal: Portal) -> None:
    """No cookie counts there, so nothing could be forged by leading a browser to it."""
    stranger = portal.visitor()
    answers = {path: stranger.send(path, {}).status_code for path in _posting(portal.app) if path.startswith("/api/")}
    assert set(answers.values()) <= {401, 404}, answers


def test_g9_opening_an_address_never_writes(portal: Portal) -> None:
    for rule in portal.app.url_map.iter_rules():
        if "GET" in (rule.methods or ()) and rule.endpoint != "static":
            assert not getattr(portal.app.view_functions[rule.endpoint], "writes", False), rule.endpoint
    both = set(_posting(portal.app)) - set(_getting(portal.app))
    stranger = portal.visitor()
    answers = {path: stranger.get(path).status_code for path in both}
    assert {path for path, status in answers.items() if status != 405} == set()


def _posting(app: Flask) -> list[str]:
    return [_filled(str(rule)) for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())]


def _getting(app: Flask) -> list[str]:
    return [_filled(str(rule)) for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())]


def _filled(rule: str) -> str:
    """The rule with something in each of its gaps that could stand there."""
    return re.sub(r"<[^>]*>", "1", re.sub(r"<uuid:[^>]*>", str(UUID(int=1)), rule))
