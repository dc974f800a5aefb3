"""Logging in, out, and a new password by mail, as a browser sees it."""

import re

import pytest

from portal.identity import links, queries
from portal.identity.links import Purpose
from portal.kit import clock, edge
from tests.identity.people import NOW, PASSWORD, make_user

MAIL = "ann@shop.example"
BAD_INPUT = [
    {"email": "", "password": PASSWORD},
    {"email": MAIL, "password": ""},
    {"email": "nonsense", "password": PASSWORD},
    {"email": "a" * 300 + "@shop.example", "password": PASSWORD},
    {"email": "ann\u202e@shop.example", "password": PASSWORD},
    {"email": "ann\x00@shop.example", "password": PASSWORD},
    {"email": MAIL, "password": "x" * 201},
    {"email": [MAIL, MAIL], "password": PASSWORD},
    {"email": MAIL, "password": PASSWORD, "role": "admin"},
]


@pytest.fixture
def ann(app):
    return edge.write(lambda: make_user(MAIL)).public_id


def log_in(client, email=MAIL, password=PASSWORD, **more):
    return client.post("/login", data={"email": email, "password": password, **more})


def test_logging_in_and_out(client, ann):
    answer = log_in(client)
    assert (answer.status_code, answer.location) == (303, "/dashboard")
    assert client.get("/account").status_code == 200

    assert client.post("/logout").status_code == 303
    assert client.get("/account").status_code == 302


def test_the_cookie_of_a_closed_log_in_is_worthless(client, ann):
    log_in(client)
    cookie = client.get_cookie("stallholder").value
    client.post("/logout")
    client.set_cookie("stallholder", cookie)

    assert client.get("/account").status_code == 302


def test_the_cookie_cannot_be_fixed_beforehand(client, ann):
    log_in(client)
    first = client.get_cookie("stallholder").value
    log_in(client)

    assert client.get_cookie("stallholder").value != first
    cookie = client.get_cookie("stallholder")
    assert (cookie.http_only, cookie.same_site) == (True, "Lax")


@pytest.mark.parametrize(("email", "password"), [(MAIL, "wrong password"), ("eve@shop.example", PASSWORD)])
def test_a_wrong_password_and_an_unknown_account_look_alike(client, ann, email, password):
    answer = log_in(client, email, password)

    assert answer.status_code == 422
    assert "The e-mail address or the password is not right." in answer.text
    assert email in answer.text
    assert password not in answer.text


@pytest.mark.parametrize("form", BAD_INPUT)
def test_bad_input_is_refused_at_its_field(client, ann, form):
    answer = client.post("/login", data=form)

    assert answer.status_code == 422
    assert 'id="form-errors"' in answer.text


@pytest.mark.parametrize(
    ("wanted", "leads_to"),
    [
        ("/history?page=2", "/history?page=2"),
        ("https://evil.example/", "/dashboard"),
        ("//evil.example/", "/dashboard"),
        ("/\\evil.example", "/dashboard"),
        ("javascript:alert(1)", "/dashboard"),
        ("/\tevil", "/dashboard"),
    ],
)
def test_only_our_own_pages_follow_a_log_in(client, ann, wanted, leads_to):
    assert log_in(client, next=wanted).location == leads_to


def test_the_wanted_page_waits_in_the_form(client, ann):
    asked = client.get("/account/password")
    assert asked.location == "/login?next=/account/password"
    page = client.get(asked.location)
    assert 'name="next"' in page.text
    assert 'value="/account/password"' in page.text


def test_guessing_ends_in_429_while_the_owner_gets_in_elsewhere(app, ann):
    guesser, owner = app.test_client(), app.test_client()
    statuses = [log_in(guesser, password=f"guess number {number}").status_code for number in range(8)]
    forged = guesser.post(
        "/login", data={"email": MAIL, "password": PASSWORD}, headers={"X-Forwarded-For": "192.0.2.9"}
    )
    home = {"REMOTE_ADDR": "192.0.2.50"}

    assert statuses == [422] * 5 + [429] * 3
    assert forged.status_code == 429
    assert int(forged.headers["Retry-After"]) > 0
    answer = owner.post("/login", data={"email": MAIL, "password": PASSWORD}, environ_base=home)
    assert answer.status_code == 303


def test_forgetting_is_answered_alike_for_everybody(client, ann):
    answers = [client.post("/forgot", data={"email": email}) for email in (MAIL, "eve@shop.example")]

    assert {(answer.status_code, answer.location) for answer in answers} == {(303, "/forgot/sent")}
    assert client.get("/forgot/sent").status_code == 200
    assert client.post("/forgot", data={"email": "nonsense"}).status_code == 422


def test_a_new_password_by_mail(client, ann):
    def mint():
        return links.mint_link_token(links.want(queries.get_user_of(MAIL), Purpose.RESET_PASSWORD, NOW), clock.wall())

    address = f"/reset/{edge.write(mint)}"
    assert client.get(address).status_code == 200
    assert client.post(address, data={"password": "short"}).status_code == 422
    assert client.post(address, data={"password": "a wholly new one"}).location == "/login"
    assert client.get(address).status_code == 410
    assert client.post(address, data={"password": "a wholly new one"}).status_code == 410
    assert log_in(client, password="a wholly new one").status_code == 303


def test_a_link_of_nobody_is_gone(client):
    assert client.get("/reset/nonsense").status_code == 410
    assert client.get("/verify/nonsense").status_code == 410
    assert client.get("/invitations/nonsense").status_code == 410


def test_pages_are_whole_in_both_languages(client, ann):
    assert "Log in" in client.get("/login").text
    assert client.post("/language", data={"locale": "zh", "next": "/login"}).location == "/login"
    assert re.search(r'<html lang="zh', client.get("/login").text)
    assert client.post("/language", data={"locale": "xx"}).status_code == 422
