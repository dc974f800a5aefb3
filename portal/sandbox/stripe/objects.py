"""The objects of the one Stripe account of this world: kept as Stripe tells them, and what it knows beside that."""

import secrets
import string
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, insert, select, update

from portal.sandbox.database import stripe_objects
from portal.sandbox.stripe.errors import Refusal, no_such

PREFIXES = {
    "customer": "cus",
    "checkout.session": "cs_test",
    "setup_intent": "seti",
    "payment_intent": "pi",
    "payment_method": "pm",
}
_LETTERS = string.ascii_letters + string.digits


@dataclass
class Thing:
    """An object: `body` is what Stripe tells of it, `secret` what it does not, such as what its bank will say."""

    kind: str
    body: dict[str, Any]
    secret: dict[str, Any]

    @property
    def id(self) -> str:
        """Its id, with the prefix of its kind."""
        return str(self.body["id"])


def new_id(prefix: str, length: int = 24) -> str:
    """An id that nobody guesses."""
    return f"{prefix}_" + "".join(secrets.choice(_LETTERS) for _ in range(length))


def create(
    connection: Connection, kind: str, now: datetime, secret: dict[str, Any] | None = None, **told: Any
) -> Thing:
    """Make an object of this kind."""
    # A session's id is the whole permission to its page, so it is longer than the others.
    object_id = new_id(PREFIXES[kind], 58 if kind == "checkout.session" else 24)
    common = {"id": object_id, "object": kind, "created": int(now.timestamp()), "livemode": False}
    thing = Thing(kind, common | told, secret or {})
    connection.execute(
        insert(stripe_objects).values(
            id=thing.id, kind=kind, customer=told.get("customer"), body=thing.body, secret=thing.secret, created_at=now
        )
    )
    return thing


def find(connection: Connection, kind: str, object_id: str, *, lock: bool = False) -> Thing | None:
    """The object of this kind and id, or None; `lock` holds its row until the transaction ends."""
    if not object_id.isprintable():
        return None  # nor could the database be asked for a NUL
    wanted = select(stripe_objects).where(stripe_objects.c.id == object_id, stripe_objects.c.kind == kind)
    row = connection.execute(wanted.with_for_update() if lock else wanted).one_or_none()
    return Thing(row.kind, dict(row.body), dict(row.secret)) if row else None


def get(connection: Connection, kind: str, object_id: str, param: str, *, lock: bool = False) -> Thing:
    """Like find, but refuses with resource_missing, naming the parameter."""
    found = find(connection, kind, object_id, lock=lock)
    if found is None:
        raise no_such(kind, object_id, param)
    return found


def listed(
    connection: Connection, kind: str, customer: str, since: datetime | None, limit: int
) -> list[dict[str, Any]]:
    """What is told of a customer's newest objects of a kind, newest first."""
    wanted = select(stripe_objects.c.body).where(stripe_objects.c.kind == kind, stripe_objects.c.customer == customer)
    if since is not None:
        wanted = wanted.where(stripe_objects.c.created_at >= since)
    newest = wanted.order_by(stripe_objects.c.created_at.desc(), stripe_objects.c.id).limit(limit)
    return list(connection.scalars(newest))


def save(connection: Connection, thing: Thing, **changes: Any) -> Thing:
    """Write an object down with these changes of what is told; gives it."""
    thing.body |= changes
    values = {"body": thing.body, "secret": thing.secret, "customer": thing.body.get("customer")}
    connection.execute(update(stripe_objects).where(stripe_objects.c.id == thing.id).values(values))
    return thing


_EXPANDS = {
    "customer": "customer",
    "payment_intent": "payment_intent",
    "payment_method": "payment_method",
    "setup_intent": "setup_intent",
}


def expanded(connection: Connection, told: dict[str, Any], paths: list[str]) -> dict[str, Any]:
    """What is told with the objects themselves where `expand` asks for them instead of their ids."""
    for path in paths:
        place = told
        for name in path.split("."):
            if name not in _EXPANDS or name not in place:
                raise Refusal(400, f"This property cannot be expanded ({path[:80]}).", param="expand")
            if isinstance(place[name], str):
                place[name] = get(connection, _EXPANDS[name], place[name], "expand").body
            if place[name] is None:
                break
            place = place[name]
    return told
