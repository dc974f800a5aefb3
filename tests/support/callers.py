"""Everybody who may come to the pages, as the cookie that each of them carries."""

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import text

from portal.identity import queries, sign_in
from portal.identity.permissions import OperatorRole
from portal.identity.sign_in import Kind
from portal.kit import clock, edge
from portal.kit.db import db
from tests.console import desk
from tests.support.everything import MANAGER, OTHER, OWNER, SPENDER, VIEWER

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
    found |= {name: _vendor(app, email, "_user_id") for name, email in VENDORS.items()}
    found |= {name: _cookie_of(desk.operator(app, role)) for name, role in OPERATORS.items()}
    found["half"] = _vendor(app, f"{OperatorRole.ADMIN}@desk.example", "_user_id", "console")
    edge.write(lambda: db.execute(_JUST_SEEN))
    return found


def client_of(app: Flask, cookie: str) -> FlaskClient:
    """A browser of its own that carries the cookie."""
    client = app.test_client()
    if cookie:
        client.set_cookie(_COOKIE, cookie)
    return client


def _vendor(app: Flask, email: str, *places: str) -> str:
    """The cookie of a vendor's log-in, put where the pages look for it."""
    user = edge.write(lambda: queries.get_user_of(email))
    token = edge.write(lambda: sign_in.open_session(user, Kind.VENDOR, edge.now(), clock.wall()))
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie.update(dict.fromkeys(places, token))
    return _cookie_of(client)


def _cookie_of(client: FlaskClient) -> str:
    found = client.get_cookie(_COOKIE)
    assert found is not None
    return found.value
