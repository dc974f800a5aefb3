"""Everybody who may come to the pages, as the cookie that each of them carries."""

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from portal.identity.permissions import OperatorRole
from portal.kit import edge
from portal.kit.db import db
from tests.console import desk
from tests.support.everything import MANAGER, OTHER, OWNER, SPENDER, VIEWER
from tests.support.pages import log_in

VENDORS = {"other": OTHER, "viewer": VIEWER, "manager": MANAGER, "spender": SPENDER, "own": OWNER}
"""Who has a log-in as a vendor: the owner of another shop, and the team of the shop in question."""
OPERATORS = {"support": OperatorRole.SUPPORT, "finance": OperatorRole.FINANCE, "admin": OperatorRole.ADMIN}
CALLERS = ("anonymous", *VENDORS, "half", *OPERATORS)
"""``half`` is an operator who gave no second factor: a vendor's log-in, put also where the desk looks for its own."""
_COOKIE = "stallholder"
_JUST_SEEN = text("UPDATE login_sessions SET last_seen_at = last_seen_at + interval '1 hour'")
"""So that no page notes during the test that a log-in is in use: the one write that a GET may cause."""


def cookies(app: Flask) -> dict[str, str]:
    """Log everybody in and return their cookies."""
    found = {"anonymous": ""}
    found |= {name: _cookie_of(_vendor(app, email)) for name, email in VENDORS.items()}
    found |= {name: _cookie_of(desk.operator(app, role)) for name, role in OPERATORS.items()}
    found["half"] = _half(app)
    edge.write(lambda: db.execute(_JUST_SEEN))
    return found


def client_of(app: Flask, cookie: str) -> FlaskClient:
    """A browser of its own that carries the cookie."""
    client = app.test_client()
    if cookie:
        client.set_cookie(_COOKIE, cookie)
    return client


def _vendor(app: Flask, email: str) -> FlaskClient:
    client = app.test_client()
    log_in(client, email)
    return client


def _half(app: Flask) -> str:
    client = _vendor(app, f"{OperatorRole.ADMIN}@desk.example")
    with client.session_transaction() as cookie:
        cookie["console"] = cookie["_user_id"]
    return _cookie_of(client)


def _cookie_of(client: FlaskClient) -> str:
    found = client.get_cookie(_COOKIE)
    assert found is not None
    return found.value
