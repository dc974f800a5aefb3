"""The memory of the wire, and one-line structured logs for people. Neither ever holds a key or a signature."""

import json
import logging
import sys
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Table, insert, select, update

from portal.sandbox.clock import Clock, wall
from portal.sandbox.database import clean, deliveries, requests

LONGEST_BODY = 4000
MOST_ROWS = 1000


class OneLine(logging.Formatter):
    """A log record as one line of JSON."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "at": wall().isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": "sandbox",
            "event": record.getMessage(),
            **getattr(record, "facts", {}),
        }
        if record.exc_info:
            line["trace"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, default=str)


def configure() -> None:
    """Send all logs to standard output, one line each."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(OneLine())
    logging.basicConfig(level=logging.INFO, handlers=[handler], force=True)
    for chatty in ("werkzeug", "mail.log", "urllib3"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def record_request(engine: Engine, clock: Clock, **facts: Any) -> int:
    """Write a request down as it came in, before its answer is known; gives its number in the log."""
    row = {"received_at": wall(), "business_at": clock.now(), "verdict": "unfinished", **facts}
    row |= {"body": clean(row["body"][:LONGEST_BODY]), "path": clean(row["path"])}
    with engine.begin() as connection:
        number: int = connection.scalar(insert(requests).values(row).returning(requests.c.id))
    return number


def record_verdict(engine: Engine, number: int, verdict: str, status: int | None, order_no: str | None) -> None:
    """Complete a request's row: ok or the refusal, the status answered (None: no answer), its order."""
    values = {"verdict": clean(verdict), "status": status, "order_no": order_no}
    with engine.begin() as connection:
        connection.execute(update(requests).where(requests.c.id == number).values(values))


def read(engine: Engine, order_no: str | None) -> dict[str, list[dict[str, Any]]]:
    """The newest requests and deliveries in order of time, all or one order's."""
    return {"requests": _newest(engine, requests, order_no), "deliveries": _newest(engine, deliveries, order_no)}


def acknowledged(engine: Engine) -> list[str]:
    """The ids of all notices that were answered with success at least once."""
    wanted = select(deliveries.c.event_id).where(deliveries.c.status.between(200, 299)).distinct()
    with engine.connect() as connection:
        return list(connection.scalars(wanted.order_by(deliveries.c.event_id)))


def _newest(engine: Engine, table: Table, order_no: str | None) -> list[dict[str, Any]]:
    wanted = select(table).order_by(table.c.id.desc()).limit(MOST_ROWS)
    if order_no is not None:
        wanted = wanted.where(table.c.order_no == order_no)
    with engine.connect() as connection:
        rows = connection.execute(wanted).mappings().all()
    return [{name: _plain(value) for name, value in row.items()} for row in reversed(rows)]


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value
