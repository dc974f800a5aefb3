"""The one translator of refusals into pages. What is not a refusal of ours is a fault: logged, and told kindly."""

from flask import Flask, render_template, request
from flask_babel import gettext
from flask_limiter import RateLimitExceeded
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.exceptions import HTTPException, InternalServerError, RequestEntityTooLarge

from portal.kit import edge, logging
from portal.kit.errors import Conflict, DomainError, TooMany, Unavailable
from portal.web import conflicts, htmx
from portal.web.conflicts import ShownConflict

Answer = tuple[str, int] | tuple[str, int, dict[str, str]]
_AWAY = ("25", "53", "57", "58")
"""Classes of SQLSTATE: wrong state of the transaction (read-only, idle too long), resources, intervention, system."""
log = logging.logger()


def page(status: int, message: str | None = None, conflict: ShownConflict | None = None) -> Answer:
    """Render the page of ``status``; ``message`` and ``conflict`` are already in the reader's language."""
    edge.end()  # the page must not depend on a broken or rolled-back transaction
    template = "errors/_error.html" if htmx.is_fragment() else "errors/page.html"
    return render_template(template, status=status, message=message, conflict=conflict), status


def from_domain(error: DomainError) -> Answer:
    """Tell a refusal of the domain in the reader's language."""
    if isinstance(error, TooMany):
        body, status = page(error.status, gettext(error.message) % error.params)[:2]
        return body, status, {"Retry-After": str(error.params.get("seconds", 60))}
    conflict = (
        conflicts.shown(error.code, (request.view_args or {}) | error.params) if isinstance(error, Conflict) else None
    )
    return page(error.status, gettext(error.message) % error.params, conflict)


def from_http(error: HTTPException) -> Answer:
    """Tell a refusal of the edge: no such page, wrong method, too large."""
    return page(error.code or 500)


def from_limit(error: RateLimitExceeded) -> Answer:
    """Refuse who asks too often, and say after what time they certainly may again."""
    seconds = error.limit.limit.get_expiry() if error.limit else 60
    body, status = page(429)[:2]
    return body, status, {"Retry-After": str(seconds)}


def from_csrf(_: CSRFError) -> Answer:
    """Refuse a form that does not carry our token: it may come from another site, or the page was open too long."""
    return page(403, gettext("This form is no longer valid. Go back, reload the page and try again."))


def from_database(error: DBAPIError | PoolTimeout) -> Answer:
    """Say that the database is away, full or read-only; nothing was changed. Its other complaints are our faults."""
    state = str(getattr(getattr(error, "orig", None), "sqlstate", "") or "")
    if not isinstance(error, OperationalError | PoolTimeout) and not state.startswith(_AWAY):
        return from_fault(error)
    log.warning("database_away", error=type(error).__name__)
    return from_domain(Unavailable("database_away", "We cannot reach our books right now. Nothing was changed."))


def from_fault(error: Exception) -> Answer:
    """Log what nobody foresaw, with the request's id, and apologise."""
    cause = error.original_exception if isinstance(error, InternalServerError) else error
    log.error("unhandled", route=str(request.url_rule), exc_info=cause)
    return page(500)


def register(app: Flask) -> None:
    """Put the translator before every blueprint."""
    app.register_error_handler(DomainError, from_domain)
    app.register_error_handler(CSRFError, from_csrf)
    app.register_error_handler(RateLimitExceeded, from_limit)
    app.register_error_handler(DBAPIError, from_database)
    app.register_error_handler(PoolTimeout, from_database)
    app.register_error_handler(HTTPException, from_http)
    app.register_error_handler(RequestEntityTooLarge, from_http)
    app.register_error_handler(Exception, from_fault)
