"""The operators' desk: closed to the world, open to a password with a fresh code, by role."""

from datetime import timedelta

import pyotp
import pytest
from flask import Blueprint
from sqlalchemy import update

from portal.app import create_app
from portal.console.access import operator, requires
from portal.identity import operators
from portal.identity.models import LoginSession
from portal.identity.permissions import OperatorRole
from portal.kit import clock, edge
from portal.kit.db import db
from portal.kit.rate_limit import limiter
from tests.identity.people import PASSWORD, make_user

MAIL = "olga@desk.example"


@pytest.fixture
def desk(settings, db, monkeypatch):
    """An application with two pages of the desk, one for everybody there, one for finance."""
    app = create_app(settings)
    app.config.update(WTF_CSRF_ENABLED=False)
    monkeypatch.setattr(limiter, "enabled", False)
    bp = Blueprint("test_desk", __name__)
    bp.get("/console/test")(requires("console:view")(lambda: operator().email))
    bp.get("/console/test/refunds", endpoint="refunds")(requires("console:refunds")(lambda: "refunds"))
    app.register_blueprint(bp)
    return app


@pytest.fixture
def device(desk, settings):
    """The operator's second factor; each call gives a code that was not used before."""
    enrolment = edge.write(
        lambda: operators.create(MAIL, PASSWORD, OperatorRole.SUPPORT, settings.secret_key, edge.now(), clock.wall())
    )
    steps = iter(range(-1, 2))
    return lambda: pyotp.TOTP(enrolment.secret).at(clock.wall() + timedelta(seconds=30 * next(steps)))


def log_in(client, code, email=MAIL, password=PASSWORD):
    return client.post("/console/login", data={"email": email, "password": password, "code": code})


def test_password_and_code_open_the_desk_by_role(desk, device):
    client = desk.test_client()
    answer = log_in(client, device())

    assert (answer.status_code, answer.location) == (303, "/console")
    assert client.get("/console/test").text == MAIL
    assert client.get("/console/test/refunds").status_code == 403


def test_a_code_lets_in_once(desk, device):
    code = device()
    log_in(desk.test_client(), code)

    assert log_in(desk.test_client(), code).status_code == 422


@pytest.mark.parametrize("password", ["", PASSWORD, "wrong password"])
def test_what_was_typed_comes_back_without_its_secrets(desk, device, password):
    answer = log_in(desk.test_client(), "4711-0815", password=password)

    assert answer.status_code == 422
    assert MAIL in answer.text
    assert "4711-0815" not in answer.text, "a recovery code is as good as a key"
    assert not password or password not in answer.text


def test_whatever_is_wrong_looks_the_same(desk, device):
    edge.write(lambda: make_user("ann@shop.example"))
    wrong = [
        log_in(desk.test_client(), "000000"),
        log_in(desk.test_client(), device(), password="wrong password"),
        log_in(desk.test_client(), "000000", email="nobody@desk.example"),
        log_in(desk.test_client(), "000000", email="ann@shop.example"),
        log_in(desk.test_client(), "000000", email="nonsense"),
    ]

    assert {answer.status_code for answer in wrong} == {422}
    assert all("is not right. Each code works only once." in answer.text for answer in wrong)


@pytest.mark.parametrize("change", [{"email": ""}, {"code": ""}, {"password": "x" * 201}, {"code": "1" * 41}])
def test_bad_input_is_refused_at_its_field(desk, device, change):
    form = {"email": MAIL, "password": PASSWORD, "code": "123456"} | change
    answer = desk.test_client().post("/console/login", data=form)

    assert answer.status_code == 422
    assert 'id="form-errors"' in answer.text


def test_strangers_are_led_to_the_log_in_and_vendors_find_nothing(desk, device):
    assert desk.test_client().get("/console/test").location == "/console/login"
    edge.write(lambda: make_user("ann@shop.example"))
    vendor = desk.test_client()
    vendor.post("/login", data={"email": "ann@shop.example", "password": PASSWORD})

    assert vendor.get("/console/test").status_code == 404


def test_an_operator_s_vendor_log_in_is_not_enough(desk, device):
    client = desk.test_client()
    client.post("/login", data={"email": MAIL, "password": PASSWORD})

    assert client.get("/account").status_code == 200
    assert client.get("/console/test").location == "/console/login"


def test_both_log_ins_live_in_one_browser_and_end_apart(desk, device):
    edge.write(lambda: make_user("ann@shop.example"))
    client = desk.test_client()
    client.post("/login", data={"email": "ann@shop.example", "password": PASSWORD})
    log_in(client, device())
    assert client.get("/console/test").text == MAIL
    assert client.get("/account").status_code == 200

    assert client.post("/console/logout").location == "/console/login"
    assert client.get("/console/test").status_code == 404
    assert client.get("/account").status_code == 200


def test_half_an_hour_of_nothing_ends_the_log_in(desk, device):
    client = desk.test_client()
    log_in(client, device())
    idle = update(LoginSession).values(last_seen_at=clock.wall() - timedelta(minutes=30))
    edge.write(lambda: db.execute(idle))

    assert client.get("/console/test").location == "/console/login"
