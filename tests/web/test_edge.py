"""What the edge of the application does with every request, whatever page it is for."""

import io
from dataclasses import replace

import pytest
from flask import request
from flask.testing import FlaskClient

from portal.app import create_app
from portal.kit.config import Settings
from tests.support.settings import METRICS_TOKEN


def test_an_unknown_page_is_a_friendly_page(client: FlaskClient) -> None:
    answer = client.get("/nowhere")
    assert answer.status_code == 404
    assert answer.content_type.startswith("text/html")
    assert 'href="/' in answer.text


def test_a_wrong_method_is_told_as_such(client: FlaskClient) -> None:
    assert client.post("/directory").status_code == 405
    assert client.get("/logout").status_code == 405


def test_a_body_that_is_too_large_is_refused(client: FlaskClient) -> None:
    big = {"photo": (io.BytesIO(b"x" * (6 * 1024 * 1024 + 1)), "big.jpg")}
    assert client.post("/login", data=big, content_type="multipart/form-data").status_code == 413


def test_a_body_of_unknown_length_is_refused(client: FlaskClient) -> None:
    answer = client.post("/login", headers={"Transfer-Encoding": "chunked"}, environ_overrides={"CONTENT_LENGTH": ""})
    assert answer.status_code == 411


@pytest.mark.parametrize("path", ["/", "/nowhere", "/login", "/directory", "/healthz"])
def test_every_answer_carries_the_headers_that_protect_it(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert "script-src 'self'" in headers["Content-Security-Policy"]
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"
    assert len(headers["X-Request-Id"]) == 16


def test_pages_carry_no_inline_code(client: FlaskClient) -> None:
    for path in ("/", "/register", "/directory"):
        page = client.get(path).text
        assert "<style" not in page
        assert " style=" not in page
        assert " onclick=" not in page
        assert "<script>" not in page


def test_health_is_about_the_process_and_readiness_about_its_needs(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
    ready = client.get("/readyz")
    assert ready.status_code == 503  # no worker has left a heartbeat in this database
    assert ready.json["checks"]["database"] == "ok"
    assert ready.json["checks"]["migrations"] == "ok"


def test_metrics_are_for_who_holds_their_token(client: FlaskClient) -> None:
    assert client.get("/metrics").status_code == 404
    assert client.get("/metrics", headers={"Authorization": "Bearer wrong"}).status_code == 404
    shown = client.get("/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"})
    assert shown.status_code == 200
    assert "portal_oldest_job_seconds" in shown.text


def test_a_fragment_is_led_on_by_htmx_itself(client: FlaskClient) -> None:
    answer = client.get("/dashboard", headers={"HX-Request": "true"})
    assert answer.status_code == 204
    assert answer.headers["HX-Redirect"].startswith("/login")
    assert "Location" not in answer.headers


def test_caches_keep_pages_apart_by_visitor_and_by_part(client: FlaskClient) -> None:
    assert client.get("/login").headers.getlist("Vary") == ["HX-Request, Cookie"]


def test_programs_are_not_known_by_a_cookie_and_get_none(client: FlaskClient) -> None:
    with client.session_transaction() as kept:
        kept["locale"] = "zh"
    assert 'lang="zh-Hans"' in client.get("/login").text
    given = client.get("/api/v1/webhooks/nobody")
    assert given.status_code == 405
    assert "Set-Cookie" not in given.headers
    assert 'lang="en-GB"' in given.text


@pytest.mark.parametrize(
    ("accepted", "word"), [("zh-CN,zh;q=0.9", "zh-Hans"), ("en-US", "en-GB"), ("fr", "en-GB"), ("", "en-GB")]
)
def test_a_page_speaks_the_reader_s_language(client: FlaskClient, accepted: str, word: str) -> None:
    assert f'<html lang="{word}"' in client.get("/", headers={"Accept-Language": accepted}).text


def test_behind_proxies_the_reader_s_own_address_counts(settings: Settings, db: None) -> None:
    behind = create_app(replace(settings, proxies=1, base_url="https://stall.example"))
    seen = behind.test_client()
    forwarded = {"X-Forwarded-For": "6.6.6.6, 203.0.113.9", "X-Forwarded-Proto": "https"}
    with seen:
        answer = seen.get("/healthz", headers=forwarded)
        assert request.remote_addr == "203.0.113.9"
        assert request.scheme == "https"
    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


def test_without_proxies_nobody_forwards_anything(client: FlaskClient) -> None:
    with client:
        answer = client.get("/healthz", headers={"X-Forwarded-For": "6.6.6.6"})
        assert request.remote_addr == "127.0.0.1"
    assert "Strict-Transport-Security" not in answer.headers
