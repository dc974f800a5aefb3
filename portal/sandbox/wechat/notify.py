"""Notices of WeChat Pay: building their sealed bodies, and writing them down so that the courier delivers them."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, insert

from portal.sandbox.clock import beijing
from portal.sandbox.database import notices
from portal.sandbox.wechat.signing import seal

SUMMARIES = {
    "TRANSACTION.SUCCESS": "支付成功",
}


@dataclass(frozen=True)
class Posting:
    """How a notice goes out: `delay` seconds of business time first, `copies` of it `gap` wall seconds apart."""

    delay: float = 0
    copies: int = 1
    gap: float = 1.0
    lose: bool = False


def new_event_id(now: datetime) -> str:
    """EV-, the day and time in Beijing, and a number."""
    stamp = beijing(now)[:19].replace("-", "").replace("T", "").replace(":", "")
    return f"EV-{stamp}{secrets.randbelow(10**12):012d}"


def event_body(apiv3_key: bytes, event_id: str, event_type: str, plain: dict[str, Any], now: datetime) -> str:
    """The JSON text of a notice whose resource holds `plain`, sealed."""
    original_type = event_type.split(".")[0].lower()
    text = json.dumps(plain, ensure_ascii=False, separators=(",", ":")).encode()
    event = {
        "id": event_id,
        "create_time": beijing(now),
        "resource_type": "encrypt-resource",
        "event_type": event_type,
        "summary": SUMMARIES[event_type],
        "resource": {"original_type": original_type, **seal(apiv3_key, text, original_type)},
    }
    return json.dumps(event, ensure_ascii=False, separators=(",", ":"))


def stage(
    connection: Connection,
    apiv3_key: bytes,
    event_type: str,
    order_no: str,
    url: str,
    plain: dict[str, Any],
    posting: Posting,
    now: datetime,
) -> str:
    """Write a notice down in the payment's own transaction; gives its event id. A lost one is never sent."""
    event_id = new_event_id(now)
    connection.execute(
        insert(notices).values(
            event_id=event_id,
            order_no=order_no,
            url=url,
            body=event_body(apiv3_key, event_id, event_type, plain, now),
            due_at=now + timedelta(seconds=posting.delay),
            tries=0,
            copies=posting.copies,
            gap=posting.gap,
            state="lost" if posting.lose else "waiting",
        )
    )
    return event_id
