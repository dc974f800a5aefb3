"""Where everything meets: the Flask application, the wiring of a process, and the ``portal`` command.

The only file that sees all rooms; it decides nothing of the business.
"""

import os
import secrets
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import click
import structlog
from flask import Flask, Request, Response, abort, g, request
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface, SessionMixin
from flask_wtf.csrf import CSRFProtect
from itsdangerous import URLSafeTimedSerializer
from jinja2 import StrictUndefined
from werkzeug.middleware.proxy_fix import ProxyFix

from portal.api import provider_webhooks, unsubscribe
from portal.console import clock as console_clock
from portal.console import customers, held, today
from portal.console import jobs as console_jobs
from portal.console import sessions as console_sessions
from portal.console import sign_in as console_sign_in
from portal.kit import cache, config, edge, jobs, logging, metrics, rate_limit, wake
from portal.kit.i18n import FOLDER
from portal.payments.providers import registry
from portal.web import (
    access,
    account,
    branches,
    businesses,
    dashboard,
    errors,
    filters,
    health,
    hibernation,
    history,
    home,
    htmx,
    language,
    mail_choices,
    methods,
    next_period,
    notices,
    pay,
    pay_invoice,
    plan,
    prepayment,
    product_imports,
    product_limits,
    products,
    public,
    receipts,
    registration,
    sign_in,
    team,
)

_MAX_BODY = 6 * 1024 * 1024
_CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; frame-ancestors 'none'; base-uri 'none'; manifest-src 'self'"
)
_METHODS = {"GET", "HEAD", "POST", "OPTIONS"}
_HEADERS = {
    "Content-Security-Policy": _CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(self)",
}
BLUEPRINTS = (
    *(screen.bp for screen in (health, home, registration, sign_in, account, dashboard, businesses, branches, public)),
    *(screen.bp for screen in (products, product_imports, product_limits, plan, next_period, hibernation)),
    *(screen.bp for screen in (prepayment, methods, pay, pay_invoice, history, receipts, team)),
    *(screen.bp for screen in (notices, mail_choices)),
    *(desk.bp for desk in (console_sign_in, today, customers, console_sessions, held, console_jobs, console_clock)),
    provider_webhooks.bp,
    unsubscribe.bp,
)


def wire(settings: config.Settings, process: str, pool_size: int) -> None:
    """Connect a process of any kind to its settings, database, queues and providers."""
    config.use(settings)
    logging.set_up(process, settings.log_level)
    jobs.wake_with(wake.Bell(wake.waker(settings.redis_url)))
    cache.connect(settings.redis_url, settings.secret_key)
    registry.configure(settings)
    edge.connect(settings.database_url, pool_size=pool_size, application=process)


def _is_for_programs(asked: Request) -> bool:
    return asked.path.startswith("/api/")


class _Cookies(SecureCookieSessionInterface):
    """Signed cookies, by one signer for all requests, as the key stays the same while a process lives.

    Under ``/api/`` nobody is known by a cookie, so none is read or sent there, whatever a browser brings along.
    """

    _signer: URLSafeTimedSerializer | None = None

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """Return what the cookie keeps."""
        return self.session_class() if _is_for_programs(request) else super().open_session(app, request)

    def save_session(self, app: Flask, session: SessionMixin, response: Response) -> None:
        """Send the cookie where it changed."""
        if not _is_for_programs(request):
            super().save_session(app, session, response)

    def get_signing_serializer(self, app: Flask) -> URLSafeTimedSerializer | None:
        """Return what signs and reads cookies."""
        self._signer = self._signer or super().get_signing_serializer(app)
        return self._signer


class _Portal(Flask):
    """The web application, of which no function is a coroutine, so that nobody has to ask each whether it is."""

    def ensure_sync(self, func: Callable[..., Any]) -> Callable[..., Any]:
        """Return ``func``."""
        return func


def create_app(settings: config.Settings | None = None) -> Flask:
    """Build the web application; ``settings`` come from the environment where none are given."""
    if settings is None:
        settings = config.load_settings(os.environ)
        wire(settings, "web", pool_size=4)
    app = _Portal(__name__, template_folder="../templates", static_folder="../static")
    app.config.update(_flask_settings(settings))
    app.session_interface = _Cookies()
    app.jinja_env.undefined = StrictUndefined
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    if settings.proxies:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=settings.proxies, x_proto=settings.proxies)  # type: ignore[method-assign]
    errors.register(app)
    language.Babel(app, locale_selector=access.page_locale, timezone_selector=access.page_time_zone)
    rate_limit.register(app)
    csrf = CSRFProtect(app)
    for for_programs in (provider_webhooks.bp, unsubscribe.bp):
        csrf.exempt(for_programs)
    access.register(app)
    filters.register(app)
    for blueprint in BLUEPRINTS:
        app.register_blueprint(blueprint)
    _keep_watch(app)
    return app


def _flask_settings(settings: config.Settings) -> dict[str, object]:
    is_https = settings.base_url.startswith("https://")
    return {
        "SECRET_KEY": settings.secret_key,
        "MAX_CONTENT_LENGTH": _MAX_BODY,
        "MAX_FORM_MEMORY_SIZE": 512 * 1024,
        "MAX_FORM_PARTS": 500,
        "SESSION_COOKIE_NAME": "stallholder",
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "SESSION_COOKIE_SECURE": is_https,
        "PERMANENT_SESSION_LIFETIME": timedelta(days=30),
        "SESSION_REFRESH_EACH_REQUEST": False,  # a log-in ends 30 days after it began, however often it is used
        "WTF_CSRF_TIME_LIMIT": None,
        "BABEL_DEFAULT_LOCALE": "en",
        "BABEL_TRANSLATION_DIRECTORIES": str(FOLDER),
        "RATELIMIT_STORAGE_URI": settings.redis_url,
        "RATELIMIT_STORAGE_OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
        "RATELIMIT_HEADERS_ENABLED": False,  # each answer would ask Redis again; who is refused is told anyway
        "REDIS_URL": settings.redis_url,
        "METRICS_TOKEN": settings.metrics_token,
        "UPLOADS": settings.state / "uploads",
        "SEND_FILE_MAX_AGE_DEFAULT": 31_536_000,
    }


def _keep_watch(app: Flask) -> None:
    """Give each request an id, refuse bodies of unknown length, and finish every answer the same way."""

    @app.before_request
    def begin() -> None:
        g.started = time.perf_counter()
        request_id = g.request_id = secrets.token_hex(8)
        structlog.contextvars.bind_contextvars(request_id=request_id)
        if request.headers.get("Transfer-Encoding") and request.content_length is None:
            abort(411)
        if "\x00" in request.path:  # no address of ours has one, and PostgreSQL takes it for a fault
            abort(404)

    @app.after_request
    def finish(answer: Response) -> Response:
        answer.headers.extend(_HEADERS)
        if app.config["SESSION_COOKIE_SECURE"]:
            answer.headers["Strict-Transport-Security"] = "max-age=31536000"
        answer.headers["X-Request-Id"] = g.get("request_id", "")
        endpoint = request.endpoint or "unknown"
        if endpoint != "static":
            answer.headers.setdefault("Cache-Control", "no-store")
            method = request.method if request.method in _METHODS else "other"
            metrics.REQUESTS.labels(method, endpoint, answer.status_code).inc()
            metrics.SECONDS.labels(endpoint).observe(time.perf_counter() - g.get("started", time.perf_counter()))
        return htmx.finish(answer)

    @app.teardown_request
    def close(_: BaseException | None) -> None:
        edge.end()
        structlog.contextvars.unbind_contextvars("request_id")

    @app.context_processor
    def common() -> dict[str, object]:
        settings = config.current()
        outbox_url = f"{settings.sandbox_url}/outbox"
        return {"_": language.speaker(), "sandbox_banner": settings.is_sandbox, "outbox_url": outbox_url}


class _Commands(click.Group):
    """The commands, imported only when one is called: a web process needs none of them."""

    def _all(self) -> dict[str, click.Command]:
        from portal.cli import billing, clock, operator, ops, run, seed

        groups = (run, ops, operator, clock, billing, seed)
        return {str(command.name): command for group in groups for command in group.COMMANDS}

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of the alphabet."""
        return sorted(self._all())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return one command."""
        return self._all().get(cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; what a person can mend is told in a sentence."""
        from portal.cli.plain import plain_errors

        with plain_errors():
            return super().invoke(ctx)


@click.group(cls=_Commands)
def main() -> None:
    """Stallholder: vendor portal and billing backend of a business directory."""
