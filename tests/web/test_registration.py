"""Registering and proving an address, as a browser sees it; and one's own account."""

import pytest

from portal.identity import links, queries
from portal.identity.links import Purpose
from portal.kit import clock, edge
from tests.identity.people import NOW, PASSWORD, events, make_user

MAIL = "ann@shop.example"
FORM = {"name": "Ann", "email": MAIL, "password": PASSWORD}


@pytest.fixture
def ann(client):
    edge.write(lambda: make_user(MAIL))
    client.post("/login", data={"email": MAIL, "password": PASSWORD})
    return client


def token(purpose=Purpose.VERIFY_EMAIL):
    return edge.write(lambda: links.mint_link_token(links.want(queries.get_user_of(MAIL), purpose, NOW), clock.wall()))


def test_a_new_and_a_known_address_are_answered_alike(client):
    first = client.post("/register", data=FORM)
    second = client.post("/register", data=FORM | {"email": MAIL.upper(), "password": "another password"})

    assert [(answer.status_code, answer.location, answer.data) for answer in (first, second)] == [
        (303, "/register/done", first.data)
    ] * 2
    assert client.get("/register/done").status_code == 200
    assert len(events("identity.already_registered")) == 1
    assert client.post("/login", data={"email": MAIL, "password": PASSWORD}).status_code == 303


@pytest.mark.parametrize(
    "change",
    [
        {"name": ""},
        {"name": "x" * 101},
        {"name": "Ann\u202eEve"},
        {"name": "Ann\x07"},
        {"name": ["Ann", "Eve"]},
        {"email": "nonsense"},
        {"email": ""},
        {"password": "short"},
        {"password": "x" * 201},
        {"password": ""},
        {"operator_role": "admin"},
    ],
)
def test_bad_input_keeps_what_was_typed(client, change):
    answer = client.post("/register", data=FORM | change)

    assert answer.status_code == 422
    assert 'id="form-errors"' in answer.text
    assert PASSWORD not in answer.text
    assert MAIL in answer.text or "email" in change
    assert edge.write(lambda: queries.find_user(MAIL)) is None


def test_opening_the_link_proves_nothing_pressing_the_button_does(ann):
    address = f"/verify/{token()}"

    assert MAIL in ann.get(address).text
    assert not edge.write(lambda: queries.get_user_of(MAIL)).verified_at
    assert ann.post(address).location == "/dashboard"
    assert edge.write(lambda: queries.get_user_of(MAIL)).verified_at
    assert ann.post(address).status_code == 410


def test_the_account_asks_an_unproved_address_and_sends_again(ann):
    assert "/account/verification" in ann.get("/account").text
    assert ann.post("/account/verification").status_code == 303
    assert len(events("identity.email_verification_wanted")) == 1


def test_name_and_language_change(ann):
    answer = ann.post("/account", data={"name": "Anna", "locale": "zh"})

    assert answer.status_code == 303
    user = edge.write(lambda: queries.get_user_of(MAIL))
    assert (user.name, user.locale) == ("Anna", "zh")
    assert 'lang="zh' in ann.get("/account").text
    assert ann.post("/account", data={"name": "", "locale": "xx"}).status_code == 422


def test_the_password_changes_for_whoever_knows_it(ann, app):
    elsewhere = app.test_client()
    elsewhere.post("/login", data={"email": MAIL, "password": PASSWORD})
    wrong = ann.post("/account/password", data={"current_password": "wrong", "password": "a wholly new one"})
    short = ann.post("/account/password", data={"current_password": PASSWORD, "password": "short"})
    right = ann.post("/account/password", data={"current_password": PASSWORD, "password": "a wholly new one"})

    assert [wrong.status_code, short.status_code, right.status_code] == [422, 422, 303]
    assert "This is not your current password." in wrong.text
    assert ann.get("/account").status_code == 200
    assert elsewhere.get("/account").status_code == 302


def test_the_language_of_this_browser_becomes_the_person_s(ann):
    ann.post("/language", data={"locale": "zh", "next": "/account"})

    assert edge.write(lambda: queries.get_user_of(MAIL)).locale == "zh"
