"""The Flask application of the pretend world: its rooms, its security headers, its errors."""

import logging
from datetime import timedelta

from flask import Flask, Response, jsonify, render_template, request
from jinja2 import StrictUndefined
from werkzeug.exceptions import HTTPException

from portal.sandbox import control, ecb, outbox, wallet
from portal.sandbox.clock import wall
from portal.sandbox.stripe import bank, pages
from portal.sandbox.stripe import routes as stripe_routes
from portal.sandbox.stripe import wire as stripe_wire
from portal.sandbox.wechat import routes
from portal.sandbox.words import words
from portal.sandbox.world import World

LARGEST_BODY = 1024 * 1024
HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-src 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
log = logging.getLogger("sandbox.app")


def create_app(world: World) -> Flask:
    """The application on a world that is ready."""
    app = Flask(__name__)
    app.extensions["world"] = world
    app.jinja_env.undefined = StrictUndefined
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_BODY
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = timedelta(hours=1)
    for room in (routes, stripe_routes, pages, bank, control, wallet, outbox, ecb):
        app.register_blueprint(room.blueprint)
    app.add_url_rule("/healthz", view_func=healthz)
    app.after_request(finish)
    app.register_error_handler(HTTPException, http_error)
    app.register_error_handler(Exception, unforeseen)
    return app


def healthz() -> dict[str, str]:
    """The process lives and serves."""
    return {"status": "ok", "process": "sandbox", "time": wall().isoformat()}


def finish(response: Response) -> Response:
    """Security headers where the answer has none of its own, and one log line."""
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    if request.endpoint != "static":
        # The rule and not the path: wallet and outbox addresses hold secrets.
        rule = request.url_rule.rule if request.url_rule else "unknown"
        log.info("request", extra={"facts": {"method": request.method, "rule": rule, "status": response.status_code}})
    return response


def http_error(problem: HTTPException) -> Response:
    """404 and its kin, in the language of whom asked: WeChat's or Stripe's JSON, the control's JSON, or a page."""
    status = problem.code or 500
    if request.path.startswith("/v3/") and status in (404, 405):
        return routes.not_found()
    if request.path.startswith("/v1/") and status in (404, 405):
        return stripe_wire.not_found()
    if request.path.startswith(("/v3/", "/_ctl/")):
        answer = jsonify(error=problem.description or problem.name)
    else:
        answer = Response(render_template("error.html", words=words(), status=status))
    answer.status_code = status
    return answer


def unforeseen(problem: Exception) -> Response:
    """A fault of the sandbox itself: logged whole, told shortly."""
    log.error("unforeseen", exc_info=problem)
    answer = jsonify(error="the sandbox made a mistake; its log tells more")
    answer.status_code = 500
    return answer
