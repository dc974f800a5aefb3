"""What machines ask of us: whether the process lives, whether it can work, and its metrics."""

from typing import Any

from flask import Blueprint, Response, abort, current_app, request
from prometheus_client import CONTENT_TYPE_LATEST

from portal.kit import heartbeat, leaving, metrics, tokens
from portal.web.access import public

bp = Blueprint("health", __name__)


@bp.get("/healthz")
@public
def healthz() -> dict[str, str]:
    """The process lives; nothing else is asked."""
    return {"status": "ok"}


@bp.get("/readyz")
@public
def readyz() -> tuple[dict[str, Any], int]:
    """Database, migrations and a worker's heartbeat are there; without Redis it is ``degraded``, still 200.

    A server that is about to end says ``leaving``, with 503: it serves on, but nobody new should be sent to it.
    """
    if leaving.is_noted():
        return {"status": "leaving"}, 503
    checks = heartbeat.checks(current_app.config["REDIS_URL"])
    needed = ("database", "migrations", "worker")
    is_ready = all(checks[name] == "ok" for name in needed)
    status = "unavailable" if not is_ready else "ok" if checks["redis"] == "ok" else "degraded"
    return {"status": status, "checks": checks}, 200 if is_ready else 503


@bp.get("/metrics")
@public
def show_metrics() -> Response:
    """Metrics for Prometheus, behind a token of their own."""
    expected = current_app.config["METRICS_TOKEN"]
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not expected or not tokens.is_same(given, expected):
        abort(404)
    return Response(metrics.exposition(), content_type=CONTENT_TYPE_LATEST)
