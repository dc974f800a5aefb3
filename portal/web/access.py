"""Who may open which page. Every view has exactly one of ``public`` and ``requires``; writing ones have ``writes``.

What is not theirs answers as if it were not there. The log-in's token lives in the signed cookie, its hash in the
database; nothing here decides what a role may do (``identity.permissions``).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit
from uuid import UUID

import flask_login
from flask import Flask, g, redirect, request, session
from flask_wtf.csrf import generate_csrf
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.wrappers import Response

from portal.directory import businesses
from portal.directory.queries import Belonging, find_belonging
from portal.identity import permissions, queries, sign_in
from portal.identity.errors import VerifyEmailFirst
from portal.identity.permissions import USE_ACCOUNT as USE_ACCOUNT
from portal.identity.sign_in import Kind, Person
from portal.kit import clock, config, edge, repeated_forms, views
from portal.kit.errors import N_, NotAllowed, NotFound, Unauthenticated, Unavailable
from portal.kit.i18n import LOCALES
from portal.kit.tokens import hashed
from portal.kit.views import View, guarded
from portal.kit.views import public as public
from portal.kit.views import writes as writes

if TYPE_CHECKING:
    from portal.directory.models import Business
    from portal.identity.models import User

_login_manager = flask_login.LoginManager()
_login_manager.session_protection = None  # our tokens rotate and are revoked; addresses of phones change


@dataclass(frozen=True, slots=True)
class Member:
    """What the person is to the business of this page."""

    id: UUID
    public_id: str
    business_id: UUID
    role: str
    may_spend: bool


@dataclass(frozen=True, slots=True)
class NavBusiness:
    """The business that the navigation shows, as plain values."""

    public_id: str
    name: str
    slug: str
    status: str
    time_zone: str
    product_limit: int | None


class SignedIn(flask_login.UserMixin):
    """What Flask-Login keeps for a request: the token of the log-in and whose it is."""

    def __init__(self, token: str, person: Person) -> None:
        self.token = token
        self.person = person

    def get_id(self) -> str:
        """Return what goes into the cookie."""
        return self.token


def requires(right: str) -> Callable[[View], View]:
    """Decorate a view that needs a log-in and ``right``.

    A right in a business is looked up for the business of the route (``<business>``, a public id), or where the
    route has none for the one last opened; the view then gets it as ``business``.
    """
    if right != USE_ACCOUNT and right not in permissions.BUSINESS_RIGHTS:
        raise ValueError(f"no such right: {right}")
    return guarded(right, lambda values: _admit(right, values))


def _admit(right: str, values: dict[str, Any]) -> dict[str, Any] | Response:
    found = current_user()
    if found is None:
        return _to_login()
    if found.is_seen_note_due:
        edge.apart(lambda: sign_in.note_seen(found.login_id, clock.wall()))
    if right == USE_ACCOUNT:
        g.business = _last_opened(found)
        _note_business(g.business)
        return values
    public_id = values.get("business")
    business = _theirs(found, public_id) if public_id is not None else _last_opened(found)
    if business is None and public_id is None:
        return redirect("/dashboard")
    if business is None:
        raise NotFound("business_not_found", N_("There is no such business."))
    _note_business(business)
    _check(right, found)
    return values | {"business": business}


def _check(right: str, found: Person) -> None:
    if not may(right):
        raise NotAllowed("role_lacks_right", N_("Your role in this business does not allow that."))
    if right == "billing:pay" and not found.is_verified:
        raise VerifyEmailFirst


def _theirs(found: Person, public_id: str) -> Business | None:
    """Return the business as long as the person belongs to its team, and note what they are there."""
    theirs = find_belonging(found.id, public_id)
    if theirs is None:
        return None
    g.belonging = theirs
    g.member = Member(theirs.member_id, theirs.member_public_id, theirs.business.id, theirs.role, theirs.may_spend)
    return theirs.business


def _last_opened(found: Person) -> Business | None:
    """Return the business this browser opened last, else the person's first."""
    opened = _theirs(found, session["business"]) if "business" in session else None
    if opened is not None:
        return opened
    memberships = queries.list_memberships(found.id)
    first = businesses.get(memberships[0].business_id) if memberships else None
    return _theirs(found, first.public_id) if first else None


def _note_business(business: Business | None) -> None:
    if business is None:
        return
    found: Belonging = g.belonging
    g.nav_business = NavBusiness(
        business.public_id, business.name, business.slug, found.status, business.time_zone, found.product_limit
    )
    if session.get("business") != business.public_id:
        session["business"] = business.public_id


def _to_login() -> Response:
    """Lead to the log-in and, where a page was asked for, back to it afterwards."""
    if g.get("is_blind"):
        raise Unavailable("database_away", N_("We cannot reach our books right now. Nothing was changed."))
    asked = request.full_path.rstrip("?") if request.method == "GET" else None
    if "HX-Current-URL" in request.headers:  # a fragment is no page to come back to, the page around it is
        asked = _path(request.headers["HX-Current-URL"])
    return redirect(with_next("/login", asked), 302 if request.method == "GET" else 303)


def _sender() -> str:
    found = current_user()
    return f"user:{found.id}" if found else f"browser:{hashed(session.get('csrf_token', ''))}"


writes_once = views.writes_once(_sender)


def _path(url: str) -> str | None:
    try:
        return urlsplit(url).path
    except ValueError:  # such as a bracket that opens no IPv6 address
        return None


def local_path(given: str | None) -> str | None:
    """Return ``given`` where it is a path on our own site, as a browser reads it; otherwise None."""
    if not given or not given.startswith("/") or given[1:2] in ("/", "\\") or not given.isprintable():
        return None
    return given


def with_next(path: str, wanted: str | None) -> str:
    """Return ``path`` with the local page to go to afterwards, if one was wanted."""
    following = local_path(wanted)
    return f"{path}?next={quote(following)}" if following else path


def current_user() -> Person | None:
    """Return who is logged in, if anybody."""
    return getattr(flask_login.current_user, "person", None)


def person() -> Person:
    """Return who is logged in on a page that requires it."""
    found = current_user()
    if found is None:
        raise Unauthenticated("not_logged_in", N_("Please log in."))
    return found


def user() -> User:
    """Return the row of who is logged in, for functions of the domain."""
    return queries.get_user(person().id)


def member() -> Member:
    """Return what the person is to the business of this page."""
    found: Member = g.member
    return found


def last_opened() -> Business | None:
    """Return the business last opened, on a page that needs none; None before the first one."""
    found: Business | None = g.business
    return found


def may(right: str) -> bool:
    """Whether the person has ``right`` in the business of this page; for buttons that would only be refused."""
    found: Member | None = g.get("member")
    return found is not None and permissions.can(found.role, found.may_spend, right)


def begin(token: str) -> None:
    """Put a new log-in into the cookie; what an earlier visitor of this browser left there goes."""
    found = sign_in.find_person(token, Kind.VENDOR, clock.wall())
    if found is None:
        raise Unauthenticated("not_logged_in", N_("Please log in."))
    end()
    flask_login.login_user(SignedIn(token, found))
    session.permanent = True
    session["locale"] = found.locale


def end() -> str | None:
    """Take the log-in, its business and its form token out of the cookie; an operator's log-in stays.

    Returns the token that was there, for whoever wants to close the log-in for good.
    """
    token: str | None = session.get("_user_id")  # where Flask-Login keeps what `SignedIn.get_id` returned
    flask_login.logout_user()
    for name in ("business", "csrf_token"):
        session.pop(name, None)
    return token


@_login_manager.user_loader  # type: ignore[untyped-decorator]
def _load(token: str) -> SignedIn | None:
    """Find who is logged in. Without database nobody is, so that the page that says so can still be shown."""
    try:
        found = sign_in.find_person(token, Kind.VENDOR, clock.wall())
    except (OperationalError, PoolTimeout):
        g.is_blind = True
        edge.end()
        return None
    if found is None:
        return None
    clock.note(found.now)
    return SignedIn(token, found)


def page_locale() -> str:
    """Return the language of the page: chosen in this browser, else the one it asks for."""
    chosen = session.get("locale")
    return chosen if chosen in LOCALES else request.accept_languages.best_match(LOCALES, "en")


def page_time_zone() -> str:
    """Return the zone in which the page tells times: its payer's or business's, else the seller's."""
    shown: NavBusiness | None = g.get("nav_business")
    zone: str | None = g.get("time_zone") or (shown.time_zone if shown else None)
    return zone or config.current().seller.time_zone


def register(app: Flask) -> None:
    """Make log-ins work and give every template the names that the layouts need."""
    _login_manager.init_app(app, add_context_processor=False)

    @app.context_processor
    def names() -> dict[str, object]:
        return {
            "current_user": g.get("operator") or current_user(),
            "nav_business": g.get("nav_business"),
            "may": may,
            "form_key": repeated_forms.new_key,
            "csrf_token": cache(generate_csrf),  # asked for once a page, by whichever form comes first
        }
