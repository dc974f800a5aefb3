"""Events of the pretend Stripe, written down so that the courier delivers them to the account's one endpoint."""

import json
from datetime import datetime, timedelta
from typing import Any

import stripe
from sqlalchemy import Connection, insert, update

from portal.sandbox.database import notices
from portal.sandbox.stripe.objects import new_id
from portal.sandbox.world import World

PROVIDER = "stripe"


def stage(connection: Connection, here: World, kind: str, told: dict[str, Any], about: str, delay: float = 0) -> str:
    """Write an event down in the transaction of what happened; gives its id. Without an endpoint nobody is told.

    :param told: the object as it is now; an event never shows it as it is later.
    :param about: what the log calls it by: the merchant's own number where there is one.
    :param delay: seconds of business time until it is due.
    """
    now = here.clock.now()
    event_id, url, copies = new_id("evt"), endpoint(here), here.switches.get("stripe_copies")
    connection.execute(
        insert(notices).values(
            provider=PROVIDER,
            event_id=event_id,
            order_no=about,
            url=url,
            body=event_body(event_id, kind, told, now),
            due_at=now + timedelta(seconds=delay),
            tries=0,
            copies=max(copies, 1),
            gap=0.0,
            state="waiting" if url and copies else "lost",
        )
    )
    return event_id


def endpoint(here: World) -> str:
    """Where the account has its events sent."""
    return here.switches.get("stripe_webhook_url") or here.settings.stripe_webhook_url


def event_body(event_id: str, kind: str, told: dict[str, Any], now: datetime) -> str:
    """The JSON text of an event, in the version of the API that the SDK speaks."""
    event = {
        "id": event_id,
        "object": "event",
        "api_version": stripe.api_version,
        "created": int(now.timestamp()),
        "data": {"object": told},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
        "type": kind,
    }
    return json.dumps(event, indent=2)


def take_back(connection: Connection, event_id: str) -> None:
    """Never send an event that is not due yet, as what it would tell did not happen."""
    connection.execute(update(notices).where(notices.c.event_id == event_id).values(state="lost"))
