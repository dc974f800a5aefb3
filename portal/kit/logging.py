"""Structured logs: one JSON line an event, each with the id of its request or job; secrets never get this far."""

import logging
import sys
import traceback
from collections.abc import MutableMapping
from typing import Any

import psycopg
import structlog
from sqlalchemy.exc import StatementError

_SECRET = ("password", "token", "secret", "authorization", "cookie", "signature", "private_key", "apiv3")


def hide_secrets(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Replace the value of every key that names a secret; a second fence behind not logging them at all."""
    for key in event:
        if any(word in key.lower() for word in _SECRET):
            event[key] = "(hidden)"
    return event


def told(error: BaseException) -> str:
    """Say what may be written down of an error.

    A database's own words may repeat a whole row, with all that somebody typed; code and rule say enough. Without a
    code it is the driver who speaks, and its first line does; SQLAlchemy would add the statement.
    """
    cause = (error.orig if isinstance(error, StatementError) else None) or error
    if isinstance(cause, psycopg.Error) and cause.sqlstate:
        parts = (cause.sqlstate, cause.diag.table_name, cause.diag.constraint_name)
        return f"{type(cause).__name__}: {' '.join(word for word in parts if word)}"
    said = str(cause)
    if isinstance(error, StatementError | psycopg.Error):
        said = said.partition("\n")[0]
    return f"{type(cause).__name__}: {said}"


def _tell_error(_: object, __: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Turn ``exc_info`` into where each error of the chain was raised and what may be said of it."""
    given = event.pop("exc_info", None)
    given = sys.exc_info() if given is True else given
    error: BaseException | None = given[1] if isinstance(given, tuple) else given
    parts: list[str] = []
    while error is not None:
        parts.append("".join(traceback.format_tb(error.__traceback__)) + told(error))
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if parts:
        event["exception"] = "\nfrom which came\n".join(reversed(parts))
    return event


def set_up(process: str, level: str = "INFO") -> None:
    """Send the logs of this process, ours and the libraries', to standard output as JSON lines."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _tell_error,
        hide_secrets,
    ]
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(ensure_ascii=False),
            ],
        )
    )
    logging.basicConfig(handlers=[handler], level=level, force=True)
    logging.getLogger("rq").setLevel(logging.WARNING)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.stdlib.LoggerFactory(),
    )
    structlog.contextvars.bind_contextvars(process=process)


def request_id() -> str | None:
    """Return the id of the request, or of the job's first cause, that this thread works for."""
    found: str | None = structlog.contextvars.get_contextvars().get("request_id")
    return found


def logger() -> Any:
    """Return a logger; call it as ``log.info("event_name", key=value)``."""
    return structlog.get_logger()
