"""Choosing what comes by mail, and ending it by a mail's link: by its page, or by one click of a mail program."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.identity.queries import get_user_of
from portal.kit import edge
from portal.kit.rate_limit import limiter
from portal.notifications import preferences
from portal.notifications.kinds import Category
from portal.notifications.unsubscribing import token_of
from tests.support.callers import client_of
from tests.support.everything import OWNER, World

ONE_CLICK = {"List-Unsubscribe": "One-Click"}


@pytest.fixture
def own(app: Flask, whole_world: World, cookies: dict[str, str]) -> FlaskClient:
    """The owner's browser."""
    return client_of(app, cookies["own"])


@pytest.fixture
def token(whole_world: World) -> str:
    """The token of a mail to the owner."""
    return edge.write(lambda: token_of(get_user_of(OWNER).public_id, Category.TEAM))


def wants(email: str = OWNER) -> bool:
    return edge.write(lambda: preferences.mail_choices(get_user_of(email).id)[Category.TEAM])


def test_a_choice_is_kept_and_shown(own: FlaskClient) -> None:
    assert 'name="team" type="checkbox" value="y"' in own.get("/account/notices").text
    assert " checked " in own.get("/account/notices").text
    for _ in range(2):
        assert own.post("/account/notices", data={}).status_code == 303
        assert not wants()
    assert " checked " not in own.get("/account/notices").text
    assert own.post("/account/notices", data={"team": "y"}).status_code == 303
    assert wants()


@pytest.mark.parametrize("form", [{"money": "y"}, {"team": ["y", "y"]}, {"user_id": "1"}])
def test_what_is_no_choice_is_refused(own: FlaskClient, form: dict[str, object]) -> None:
    assert own.post("/account/notices", data=form).status_code == 422
    assert wants()


def test_a_link_is_only_followed_by_pressing_its_button(client: FlaskClient, token: str) -> None:
    address = f"/unsubscribe/{token}"
    assert OWNER in client.get(address).text
    assert wants()
    for _ in range(2):
        answer = client.post(address)
        assert (answer.status_code, answer.location) == (303, "/")
        assert not wants()
        assert f"{OWNER} gets no more mails about this" in client.get("/").text
    assert "gets no more mails about this" in client.get(address).text
    assert wants("viewer@shop.example")


def test_one_click_ends_it_without_a_page(client: FlaskClient, token: str) -> None:
    address = f"/api/v1/unsubscribe/{token}"
    assert client.get(address).location == f"/unsubscribe/{token}"
    assert wants()
    for _ in range(2):
        assert client.post(address, data=ONE_CLICK).status_code == 204
        assert not wants()


@pytest.mark.parametrize("form", [{}, {"List-Unsubscribe": "Yes"}, {"List-Unsubscribe": ["One-Click", "One-Click"]}])
def test_what_is_not_one_click_ends_nothing(client: FlaskClient, token: str, form: dict[str, object]) -> None:
    assert client.post(f"/api/v1/unsubscribe/{token}", data=form).status_code == 422
    assert wants()


def test_one_click_needs_no_form_token_and_is_believed_by_its_own(client: FlaskClient, token: str) -> None:
    for wrong in (token[:-1], "none", token.replace(".team.", ".plan.")):
        assert client.post(f"/api/v1/unsubscribe/{wrong}", data=ONE_CLICK).status_code == 404
        assert client.get(f"/unsubscribe/{wrong}").status_code == 404
        assert client.post(f"/unsubscribe/{wrong}").status_code == 404
    assert wants()


def test_who_tries_links_is_slowed(app: Flask, client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limiter, "enabled", True)
    answers = [client.post("/unsubscribe/none", environ_base={"REMOTE_ADDR": "203.0.113.77"}) for _ in range(61)]
    assert [answer.status_code for answer in answers] == [404] * 60 + [429]
