"""The gate itself: every view has one, transactions are kept or not, and what needs a proved address waits."""

import pytest
from flask import Blueprint, Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from portal.app import create_app
from portal.identity import audit, sign_in
from portal.identity.models import AuditEntry
from portal.kit import edge
from portal.kit.db import db
from portal.web.access import local_path, public, requires, writes
from tests.identity.people import NOW, PASSWORD, make_business, make_user

MAIL = "olive@team.example"


def noted():
    return edge.write(lambda: db.scalars(select(AuditEntry.action).where(AuditEntry.actor == "test")).all())


@pytest.mark.parametrize(("status", "is_kept"), [(200, True), (303, True), (422, False), (409, False)])
def test_a_writing_view_is_kept_when_its_answer_is_good(app, status, is_kept):
    @public
    @writes
    def view():
        audit.record("test", f"answered {status}", "x", {}, NOW)
        return "", status

    with app.test_request_context("/"):
        assert view().status_code == status
    assert noted() == ([f"answered {status}"] if is_kept else [])


def test_unknown_rights_are_refused_when_the_view_is_made():
    with pytest.raises(ValueError, match="no such right"):
        requires("business:veiw")


def test_every_view_is_marked(app: Flask):
    views = [app.view_functions[rule.endpoint] for rule in app.url_map.iter_rules() if rule.endpoint != "static"]

    assert [view for view in views if not hasattr(view, "access")] == []


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ("/history", "/history"),
        ("/a?b=c", "/a?b=c"),
        ("", None),
        (None, None),
        ("history", None),
        ("//evil.example", None),
        ("/\\evil.example", None),
        ("/\n/evil.example", None),
    ],
)
def test_local_paths(given, found):
    assert local_path(given) == found


@pytest.fixture
def pay_page(settings):
    """An application of its own with one page that moves money."""
    app = create_app(settings)
    app.config.update(WTF_CSRF_ENABLED=False)
    bp = Blueprint("test_pay", __name__)

    @bp.post("/test/<business>/pay")
    @requires("billing:pay")
    @writes
    def pay(business):
        return business.name

    app.register_blueprint(bp)
    return app


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(("is_verified", "status"), [(False, 409), (True, 200)])
def test_money_waits_for_a_proved_address(pay_page, is_verified, status):
    business = edge.write(lambda: make_business(make_user(MAIL, is_verified=is_verified))).public_id
    client = pay_page.test_client()
    client.post("/login", data={"email": MAIL, "password": PASSWORD})
    answer = client.post(f"/test/{business}/pay")

    assert answer.status_code == status
    assert ("confirm your e-mail address" in answer.text) is (status == 409)


def test_a_fragment_is_led_to_the_log_in_and_back_to_its_page(client):
    answer = client.get("/team", headers={"HX-Request": "true", "HX-Current-URL": "http://localhost/dashboard"})

    assert answer.headers["HX-Redirect"] == "/login?next=/dashboard"


def test_a_page_that_is_no_address_is_not_come_back_to(client):
    answer = client.get("/team", headers={"HX-Request": "true", "HX-Current-URL": "http://["})

    assert answer.headers["HX-Redirect"] == "/login"


def test_without_database_nobody_is_logged_in_and_pages_say_so(client, monkeypatch):
    edge.write(lambda: make_user(MAIL))
    client.post("/login", data={"email": MAIL, "password": PASSWORD})

    def away(*_):
        raise OperationalError("SELECT", {}, Exception("gone"))

    monkeypatch.setattr(sign_in, "find_person", away)
    assert client.get("/account").status_code == 503
    assert client.get("/login").status_code == 200


def test_forms_without_our_token_are_refused(settings, db):
    client = create_app(settings).test_client()
    form = {"email": MAIL, "password": PASSWORD}

    assert client.post("/login", data=form).status_code == 403
    assert client.post("/login", data=form, headers={"HX-Request": "true"}).status_code == 403
    assert client.post("/login", data="{}", content_type="text/plain").status_code == 403
    assert client.get("/logout").status_code == 405
