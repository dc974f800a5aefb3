"""The way of every Stripe request: log, fault, key, version, form, idempotency, action, JSON answer.

Routes say only what is to be done. What an act returns is kept under its idempotency key, also a declined card; what it
refuses leaves nothing behind.
"""

import base64
import binascii
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import stripe
from flask import Response, request
from sqlalchemy import Connection, delete, select, update
from sqlalchemy.dialects.postgresql import insert

from portal.sandbox import faults, log
from portal.sandbox.database import stripe_replies
from portal.sandbox.stripe import errors, forms
from portal.sandbox.stripe.errors import Refusal
from portal.sandbox.stripe.events import PROVIDER
from portal.sandbox.stripe.objects import new_id
from portal.sandbox.world import World, world

FORM = "application/x-www-form-urlencoded"
LONGEST_KEY = 255
KEPT = timedelta(hours=24)
"""How long a reply is remembered (providers.md §3.7); a key used later is a new request."""


@dataclass(frozen=True)
class Reply:
    """What an act came to, as it is answered and kept."""

    status: int
    body: dict[str, Any]
    is_replayed: bool = False


@dataclass
class Call:
    """One request on its way: its form, the transaction it acts in, and what it is about as soon as that is known."""

    world: World
    form: dict[str, Any]
    connection: Connection
    about: list[str] = field(default_factory=list)


Act = Callable[[Call], Reply]


def serve(endpoint: str, act: Act) -> Response:
    """Answer a request by `act`, which gives a Reply or raises a Refusal."""
    here = world()
    raw = request.get_data(cache=False) if request.method == "POST" else request.query_string
    fault = faults.take(here.engine, PROVIDER, endpoint)
    number = log.record_request(
        here.engine,
        here.clock,
        provider=PROVIDER,
        endpoint=endpoint,
        method=request.method,
        path=request.path,
        body=raw.decode("utf-8", "replace"),
        fault=str(fault) if fault else None,
    )
    about: list[str] = []
    verdict, reply = "not acted upon", refused(errors.server_error())
    if fault is None or fault.acts:
        verdict, reply = _perform(here, raw, act, about, fault)
    reply = _spoil(reply, fault) if fault else reply
    silent = fault is not None and fault.silent
    log.record_verdict(here.engine, number, verdict, None if silent else reply.status, about[0] if about else None)
    return faults.no_answer(fault) if fault and silent else answer(reply)


def _perform(here: World, raw: bytes, act: Act, about: list[str], fault: faults.Fault | None) -> tuple[str, Reply]:
    try:
        _check_headers(here, raw)
        form = forms.read(raw)
        with here.engine.begin() as connection:
            call = Call(here, form, connection, about)
            key = request.headers.get("Idempotency-Key") if request.method == "POST" else None
            reply = act(call) if key is None else _once(call, key, act, fault)
        error = reply.body.get("error", {})
        return str(error.get("decline_code") or error.get("code") or "ok"), reply
    except Refusal as refusal:
        return str(refusal), refused(refusal)


def _check_headers(here: World, raw: bytes) -> None:
    key = _key(request.headers.get("Authorization", ""))
    if not key:
        raise errors.no_key()
    if not hmac.compare_digest(key.encode(), here.keyring.stripe_key.encode()):
        raise errors.wrong_key(key)
    version = request.headers.get("Stripe-Version", "")
    if version != stripe.api_version:
        raise errors.wrong_version(version)
    if request.method == "POST" and raw and request.mimetype != FORM:
        raise errors.not_a_form()


def _key(authorization: str) -> str:
    """The key of a Bearer header, or the user of a Basic one."""
    scheme, _, rest = authorization.partition(" ")
    if scheme != "Basic":
        return rest.strip() if scheme == "Bearer" else ""
    try:
        return base64.b64decode(rest, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""


def _once(call: Call, key: str, act: Act, fault: faults.Fault | None) -> Reply:
    """Act once for a key. Who comes with the same one meanwhile waits for the end, and is told the same."""
    if not 0 < len(key) <= LONGEST_KEY:
        raise errors.invalid("Idempotency-Key", f"1 to {LONGEST_KEY} characters")
    now, wanted = call.world.clock.now(), f"{request.method} {request.path} {forms.flat(call.form)}"
    call.connection.execute(delete(stripe_replies).where(stripe_replies.c.created_at < now - KEPT))
    taken = insert(stripe_replies).values(key=key, request=wanted, status=0, body={}, created_at=now)
    if call.connection.scalar(taken.on_conflict_do_nothing().returning(stripe_replies.c.key)) is None:
        known = call.connection.execute(select(stripe_replies).where(stripe_replies.c.key == key)).one()
        if known.request != wanted:
            raise errors.reused_key()
        return Reply(known.status, known.body, is_replayed=True)
    reply = act(call)
    # A 500 that came after acting is what the key stands for from then on, as at the real one.
    kept = refused(errors.server_error()) if fault and fault.mode == "http500" else reply
    ours = update(stripe_replies).where(stripe_replies.c.key == key)
    call.connection.execute(ours.values(status=kept.status, body=kept.body))
    return kept


def refused(refusal: Refusal) -> Reply:
    """A refusal as it is answered."""
    return Reply(refusal.status, refusal.body())


def answer(reply: Reply) -> Response:
    """The HTTP answer, with the headers that Stripe's has."""
    response = Response(json.dumps(reply.body, indent=2), status=reply.status, content_type="application/json")
    response.headers["Request-Id"] = new_id("req", 14)
    response.headers["Stripe-Version"] = stripe.api_version
    if key := request.headers.get("Idempotency-Key"):
        response.headers["Idempotency-Key"] = key[:LONGEST_KEY]
    if reply.is_replayed:
        response.headers["Idempotent-Replayed"] = "true"
    return response


def _spoil(reply: Reply, fault: faults.Fault) -> Reply:
    if fault.mode == "http500":
        return refused(errors.server_error())
    if fault.mode == "http429":
        return refused(errors.too_often())
    return reply


def not_found() -> Response:
    """Any other address under /v1."""
    return answer(refused(errors.no_such_address(request.method, request.path)))
