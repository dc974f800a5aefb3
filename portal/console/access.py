"""Who may work at the operators' desk: operators who gave their second factor in this very log-in, by their role.

Their log-in is apart from the vendors' one, so that one browser can hold both; to others the desk does not exist.
"""

from collections.abc import Callable
from typing import Any

import flask_login
from flask import g, redirect, session
from werkzeug.wrappers import Response

from portal.identity import permissions, sign_in
from portal.identity.sign_in import Kind, Person
from portal.kit import clock, edge
from portal.kit.errors import N_, NotAllowed, NotFound
from portal.kit.views import View, guarded
from portal.kit.views import public as public
from portal.kit.views import writes as writes

_COOKIE_KEY = "console"


def requires(right: str) -> Callable[[View], View]:
    """Decorate a view of the console that needs ``right`` ("console:…")."""
    if right not in permissions.CONSOLE_RIGHTS:
        raise ValueError(f"no such right: {right}")
    return guarded(right, lambda values: _admit(right, values))


def _admit(right: str, values: dict[str, Any]) -> dict[str, Any] | Response:
    found = _find_operator()
    if found is None:
        vendor = getattr(flask_login.current_user, "person", None)
        if vendor is not None and not vendor.is_operator:
            raise NotFound("page_not_found", N_("There is no such page."))
        return redirect("/console/login")
    if found.is_seen_note_due:
        edge.apart(lambda: sign_in.note_seen(found.login_id, clock.wall()))
    g.operator = found
    if not permissions.operator_can(found.operator_role or "", right):
        raise NotAllowed("role_lacks_right", N_("Your role as an operator does not allow that."))
    return values


def _find_operator() -> Person | None:
    token = session.get(_COOKIE_KEY)
    found = sign_in.find_person(token, Kind.CONSOLE, clock.wall()) if token else None
    return found if found is not None and found.is_operator else None


def operator() -> Person:
    """Return the operator of this page."""
    found: Person = g.operator
    return found


def begin(token: str) -> None:
    """Put a new log-in into the cookie, beside a vendor's that may be there."""
    session[_COOKIE_KEY] = token
    session.pop("csrf_token", None)


def end() -> str | None:
    """Take the log-in out of the cookie and return its token, to be closed."""
    token: str | None = session.pop(_COOKIE_KEY, None)
    session.pop("csrf_token", None)
    return token
