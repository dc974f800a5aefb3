"""Every screen of the desk for a stranger, a vendor, an operator of the wrong role and one of the right role."""

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.directory import businesses
from portal.identity.permissions import OperatorRole
from portal.kit import edge
from tests.console import desk

FINANCE, SUPPORT, ADMIN = OperatorRole.FINANCE, OperatorRole.SUPPORT, OperatorRole.ADMIN
SCREENS = [
    "/console",
    *(f"/console/{name}" for name in ("customers", "sessions", "held", "jobs", "clock", "clock/state")),
]
ACTS = {
    "/console/jobs/{job}/retry": ({}, SUPPORT, FINANCE),
    "/console/clock": ({"step": "1 hour"}, FINANCE, ADMIN),
    "/console/clock/stop": ({}, SUPPORT, ADMIN),
}


@pytest.fixture
def screens(app: Flask) -> list[str]:
    """The addresses of all screens, those of one customer and one session too."""

    def build() -> list[str]:
        customer = desk.make_customer()
        session = desk.open_session(customer)
        assert customer.business_id is not None
        return [
            f"/console/customers/{businesses.get(customer.business_id).public_id}",
            f"/console/sessions/{session.public_id}",
        ]

    return SCREENS + edge.write(build)


@pytest.fixture
def job(app: Flask) -> str:
    """The id of a job that was given up."""
    return str(edge.write(lambda: desk.make_job("dead", "boom")).id)


def test_a_stranger_is_led_to_the_log_in(client: FlaskClient, screens: list[str]) -> None:
    answers = {path: client.get(path) for path in screens}

    assert {path: (answer.status_code, answer.location) for path, answer in answers.items()} == dict.fromkeys(
        screens, (302, "/console/login")
    )


def test_for_a_vendor_there_is_no_desk(app: Flask, screens: list[str]) -> None:
    client = desk.vendor(app)

    assert {path: client.get(path).status_code for path in screens} == dict.fromkeys(screens, 404)


@pytest.mark.parametrize("role", list(OperatorRole))
def test_every_operator_may_look(app: Flask, screens: list[str], role: OperatorRole) -> None:
    client = desk.operator(app, role)

    assert {path: client.get(path).status_code for path in screens} == dict.fromkeys(screens, 200)


@pytest.mark.parametrize("path", ACTS)
def test_acts_need_their_role(app: Flask, client: FlaskClient, job: str, path: str) -> None:
    fields, wrong, right = ACTS[path]
    address = path.format(job=job)

    assert client.post(address, data=fields).location == "/console/login"
    assert desk.vendor(app).post(address, data=fields).status_code == 404
    assert desk.operator(app, wrong).post(address, data=fields).status_code == 403
    assert desk.operator(app, right).post(address, data=fields).status_code == 303


@pytest.mark.parametrize("path", ["customers/biz_none", "sessions/ps_none", "nothing"])
def test_what_is_not_there_is_not_found(app: Flask, path: str) -> None:
    assert desk.operator(app, SUPPORT).get(f"/console/{path}").status_code == 404


@pytest.mark.parametrize(
    "query", ["q=%00", "q=a%E2%80%AEb", "q=a&q=b", "q=" + "x" * 300, "status=nonsense", "status=paid&status=open"]
)
@pytest.mark.parametrize("screen", ["customers", "sessions"])
def test_a_bad_search_says_so(app: Flask, screen: str, query: str) -> None:
    expected = 200 if screen == "customers" and query.startswith("status") else 422

    assert desk.operator(app, SUPPORT).get(f"/console/{screen}?{query}").status_code == expected


@pytest.mark.parametrize("page", ["0", "-1", "x", "99999", "1.5"])
def test_any_page_number_is_survived(app: Flask, page: str) -> None:
    client = desk.operator(app, SUPPORT)

    assert client.get(f"/console/customers?page={page}").status_code == 200
    assert client.get(f"/console/sessions?page={page}").status_code == 200
