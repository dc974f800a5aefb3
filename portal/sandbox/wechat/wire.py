"""The way of every WeChat Pay request: log, fault, signature, action, signed answer.

Routes say only what is to be done; no answer leaves here unsigned unless a fault was ordered.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response, request

from portal.sandbox import faults, log
from portal.sandbox.wechat import errors
from portal.sandbox.wechat.errors import Refusal
from portal.sandbox.wechat.orders import PROVIDER
from portal.sandbox.wechat.signing import check_request, signature_headers
from portal.sandbox.wechat.validation import ORDER_NO
from portal.sandbox.world import World, world

HOUR = 3600


@dataclass
class Call:
    """One request on its way: the raw body, and the order number as soon as it is known to be one."""

    world: World
    raw: bytes
    order_no: str | None = None

    def about(self, order_no: str) -> str:
        """Note which order this is about, refusing what cannot be an order number."""
        if not ORDER_NO.fullmatch(order_no):
            raise errors.bad_parameter("out_trade_no", "must match " + ORDER_NO.pattern, location="path")
        self.order_no = order_no
        return order_no


Act = Callable[[Call], dict[str, Any] | None]


def serve(endpoint: str, act: Act) -> Response:
    """Answer a request by `act`, which gives the JSON body, or None for 204, or raises a Refusal."""
    call = Call(world(), request.get_data(cache=False))
    engine = call.world.engine
    fault = faults.take(engine, PROVIDER, endpoint)
    number = log.record_request(
        engine,
        call.world.clock,
        provider=PROVIDER,
        endpoint=endpoint,
        method=request.method,
        path=_target(),
        body=call.raw.decode("utf-8", "replace"),
        fault=str(fault) if fault else None,
    )
    verdict, response = "not acted upon", signed(errors.system_error())
    if fault is None or fault.acts:
        verdict, response = _perform(call, act)
    response = _spoil(response, fault) if fault else response
    silent = fault is not None and fault.silent
    log.record_verdict(engine, number, verdict, None if silent else response.status_code, call.order_no)
    return faults.no_answer(fault) if fault and silent else response


def _perform(call: Call, act: Act) -> tuple[str, Response]:
    try:
        _check_headers(call)
        return "ok", signed(act(call))
    except Refusal as refusal:
        issue = f": {refusal.detail['field']} {refusal.detail['issue']}" if refusal.detail else ""
        return f"{refusal.code}{issue}", signed(refusal)


def _check_headers(call: Call) -> None:
    if not request.headers.get("User-Agent"):
        raise errors.bad_parameter("User-Agent", "is required", location="header")
    accepted = request.headers.get("Accept", "")
    if "application/json" not in accepted and "*/*" not in accepted:
        raise errors.bad_parameter("Accept", "must take application/json", location="header")
    keyring = call.world.keyring
    authorization = request.headers.get("Authorization", "")
    check_request(call.world.engine, keyring, authorization, request.method, _target(), call.raw)
    wanted = request.headers.get("Wechatpay-Serial")
    if wanted is not None and wanted not in keyring.platform_keys:
        raise errors.bad_signature("no such public key", "Wechatpay-Serial")
    if request.method == "POST" and request.mimetype != "application/json":
        raise errors.bad_parameter("Content-Type", "must be application/json", location="header")


def _target() -> str:
    target: str = request.environ["RAW_URI"]
    return target


def signed(outcome: Refusal | dict[str, Any] | None) -> Response:
    """An answer with its signature and Request-ID; None is 204 with an empty body, signed too."""
    refusal = outcome if isinstance(outcome, Refusal) else None
    body = refusal.body() if refusal else outcome
    raw = (
        b"" if body is None else json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")
    )
    status = refusal.status if refusal else 204 if body is None else 200
    response = Response(raw, status=status, content_type="application/json; charset=utf-8")
    number = refusal.number if refusal else 0
    response.headers["Request-ID"] = f"08{secrets.token_hex(16).upper()}-{number}"
    response.headers.update(_signature(raw))
    return response


def _signature(raw: bytes, shift: int = 0) -> dict[str, str]:
    """With the public key the merchant asks for, while it is in force; else with the newest (providers.md §1.1)."""
    keys = world().keyring.platform_keys
    wanted = request.headers.get("Wechatpay-Serial", "")
    if wanted in keys:
        return signature_headers(wanted, keys[wanted], raw, shift)
    return world().courier.platform_signature(raw, shift)


def _spoil(response: Response, fault: faults.Fault) -> Response:
    if fault.mode == "http500":
        return signed(errors.system_error())
    if fault.mode == "http429":
        return signed(errors.too_often())
    if fault.mode == "not_exist":
        return signed(errors.order_unknown())
    if fault.mode == "unsigned":
        for name in _signature(b""):
            del response.headers[name]
    if fault.mode == "stale":
        response.headers.update(_signature(response.get_data(), -HOUR))
    if fault.mode == "tamper":
        response.set_data(response.get_data() + b" ")
    return response
