"""WeChat Pay v3 Native through the ``wechatpayv3`` SDK, in public-key mode and behind a guard of ours.

The SDK checks neither how old a message is nor whether it knows the key before it goes and fetches one; both are
settled here before it sees a message (providers.md §1.14). Nothing here knows of a sandbox.
"""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import requests
from cryptography import x509
from wechatpayv3 import WeChatPay as Sdk
from wechatpayv3 import WeChatPayType

from portal.kit import clock
from portal.kit.config import WeChatPay as Keys
from portal.kit.money import EXPONENTS
from portal.kit.patience import within
from portal.payments.providers.base import (
    Answer,
    ChargeOrder,
    Headers,
    Notification,
    OrderState,
    PaymentEvidence,
    Result,
    SignatureRejected,
)

NAME = "wechat_pay"
SECONDS = 20.0
"""What a call may take in all; far less than the lease of the job that makes it, so that no second one is under way."""
_WAITS = (3, 10)
"""Seconds to connect and to wait for the next bytes."""
_ALGORITHM = "WECHATPAY2-SHA256-RSA2048"
_SIGNED = ("Wechatpay-Timestamp", "Wechatpay-Nonce", "Wechatpay-Signature", "Wechatpay-Serial")
_SKEW = timedelta(minutes=5)
_MOST = 10**12  # fen; no payment comes near, and the books hold it
_FIRST_YEAR = 2000
_NUMBER = re.compile(r"[!-~]{1,64}", re.ASCII)
_BEIJING = timezone(timedelta(hours=8))
_STATES = {
    "NOTPAY": OrderState.UNPAID,
    "CLOSED": OrderState.CLOSED,
    "SUCCESS": OrderState.PAID,
    "REFUND": OrderState.PAID,
}
_ABSENT = ("ORDER_NOT_EXIST", "ORDERNOTEXIST", "RESOURCE_NOT_EXISTS")
_ASK_FIRST = {"ORDER_PAID", "ORDERPAID", "ORDER_CLOSED", "OUT_TRADE_NO_USED", "FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED"}
"""4xx codes that do not settle the matter: the order must be asked for (or waited for) before anything is concluded."""


class WeChatPay:
    """The adapter; one object a process, safe to use from several threads."""

    name = NAME
    settles_in = "CNY"

    def __init__(self, keys: Keys, code_prefixes: tuple[str, ...]) -> None:
        self._keys = keys
        self._code_prefixes = code_prefixes
        self.valid_until = None if keys.cert_file is None else _end_of(keys.cert_file)
        self._sdk = _sdk(keys, keys.public_key_id, keys.public_key_file)
        self._verifiers = {keys.public_key_id: self._sdk._core._verify_signature}
        if keys.next_public_key_id and keys.next_public_key_file:
            following = _sdk(keys, keys.next_public_key_id, keys.next_public_key_file)
            self._verifiers[keys.next_public_key_id] = following._core._verify_signature
        self._sdk._core._verify_signature = self._verify

    def create_charge(self, order: ChargeOrder) -> Answer:
        """Create the order; WeChat takes a repetition with the same values and returns a new code."""
        until = order.payable_until.astimezone(_BEIJING).replace(microsecond=0).isoformat()
        answer, body = self._call(
            "create_charge",
            lambda: self._sdk.pay(
                description=order.description,
                out_trade_no=order.order_number,
                amount={"total": order.money.amount, "currency": order.money.currency},
                time_expire=until,
            ),
        )
        code_url = body.get("code_url")
        if answer.result is Result.DONE and not str(code_url).startswith(self._code_prefixes):
            return replace(answer, result=Result.UNKNOWN, detail="no code_url that a wallet opens")
        return replace(answer, code_url=code_url)

    def query(self, order_number: str) -> Answer:
        """Ask what became of an order."""
        answer, body = self._call("query", lambda: self._sdk.query(out_trade_no=order_number))
        if answer.result is Result.REFUSED and _says_absent(answer):
            return replace(answer, result=Result.DONE, state=OrderState.ABSENT)
        if answer.result is not Result.DONE:
            return answer
        state = _STATES.get(body.get("trade_state", ""))
        if state is None or (body.get("mchid"), body.get("appid")) != (self._keys.mchid, self._keys.appid):
            return replace(answer, result=Result.UNKNOWN, detail=f"unexpected answer: {body.get('trade_state')}")
        try:
            evidence = _evidence(body) if state is OrderState.PAID else None
        except (KeyError, TypeError, ValueError):
            return replace(answer, result=Result.UNKNOWN, detail="paid, but the answer is not understood")
        return replace(answer, detail=body["trade_state"], state=state, evidence=evidence)

    def close(self, order_number: str) -> Answer:
        """Close an unpaid order; one that never existed is closed already."""
        answer, _ = self._call("close", lambda: self._sdk.close(out_trade_no=order_number))
        if answer.result is Result.REFUSED and _says_absent(answer):
            return replace(answer, result=Result.DONE)
        return answer

    def read_notification(self, headers: Headers, body: bytes) -> Notification:
        """Verify and decrypt a notification on its raw bytes."""
        if not self._check_proof(headers):
            raise SignatureRejected("headers")
        signed = {name: headers[name] for name in _SIGNED} | {"Wechatpay-Signature-Type": _ALGORITHM}
        try:
            message = self._sdk.callback(signed, body)
            if not message:
                raise SignatureRejected("signature or decryption")
            return self._understand(message)
        except SignatureRejected:
            raise
        except Exception as error:  # the SDK raises bare exceptions of any kind on forged input
            raise SignatureRejected(type(error).__name__) from error

    def _verify(self, headers: Mapping[str, str], body: str) -> bool:
        """Verify with the key that is named, of those that we were given; the SDK would go and fetch any other."""
        return self._check_proof(headers) and bool(self._verifiers[headers["Wechatpay-Serial"]](headers, body))

    def _check_proof(self, headers: Headers) -> bool:
        """Refuse what is stale, a probe, or signed with a key we were not given, before the SDK looks for that key."""
        stamp, nonce, signature, serial = (headers.get(name, "") for name in _SIGNED)
        is_whole = bool(nonce and signature) and stamp.isascii() and stamp.isdigit() and len(stamp) <= 12
        if not is_whole or abs(clock.wall().timestamp() - int(stamp)) >= _SKEW.total_seconds():
            return False
        if headers.get("Wechatpay-Signature-Type", _ALGORITHM) != _ALGORITHM:
            return False
        return serial in self._verifiers and not signature.startswith("WECHATPAY/SIGNTEST/")

    def _understand(self, message: dict[str, Any]) -> Notification:
        event_id, kind, resource = str(message["id"]), str(message.get("event_type", "")), message["resource"]
        order_number = str(resource.get("out_trade_no", "")) or None
        is_payment = kind.startswith("TRANSACTION.")
        appid = resource.get("appid", None if is_payment else self._keys.appid)  # refund notices have none
        quarantine = None
        if (resource.get("mchid"), appid) != (self._keys.mchid, self._keys.appid):
            quarantine = "another merchant's"
        elif is_payment and resource.get("trade_state") != "SUCCESS":
            quarantine = "not a payment"
        evidence = None
        if kind == "TRANSACTION.SUCCESS" and quarantine is None:
            try:
                evidence = _evidence(resource)
            except (KeyError, TypeError, ValueError):
                quarantine = "not understood"
        return Notification(event_id, kind, order_number, evidence, quarantine, {"summary": message.get("summary", "")})

    def _call(self, operation: str, send: Callable[[], tuple[int, Any]]) -> tuple[Answer, dict[str, Any]]:
        """Make one call; whatever is not a definite answer is unknown, never failed."""
        started = time.perf_counter()
        try:
            status, text = within(SECONDS, send)
            body = json.loads(text) if text else {}
            result, detail = _judge(status, body)
        except (requests.RequestException, OSError, ValueError) as error:
            status, body, result, detail = None, {}, Result.UNKNOWN, type(error).__name__
        except Exception as error:  # the SDK's own verdict on an answer that is not WeChat's is a bare Exception
            status, body, result, detail = None, {}, Result.UNKNOWN, str(error)[:200]
        milliseconds = round((time.perf_counter() - started) * 1000)
        return Answer(operation, result, status, detail, milliseconds), body if isinstance(body, dict) else {}


def _sdk(keys: Keys, public_key_id: str, public_key_file: Path) -> Sdk:
    """Return the SDK for one of WeChat Pay's public keys."""
    sdk = Sdk(
        wechatpay_type=WeChatPayType.NATIVE,
        mchid=keys.mchid,
        appid=keys.appid,
        private_key=keys.private_key_file.read_text(),
        cert_serial_no=keys.cert_serial,
        apiv3_key=keys.apiv3_key,
        notify_url=keys.notify_url,
        public_key=public_key_file.read_text(),
        public_key_id=public_key_id,
        timeout=_WAITS,
    )
    sdk._core._gate_way = keys.base_url
    return sdk


def _end_of(cert_file: Path) -> datetime:
    return x509.load_pem_x509_certificate(cert_file.read_bytes()).not_valid_after_utc


def _says_absent(answer: Answer) -> bool:
    """Whether WeChat itself says that it does not know the order; any other 404 is somebody on the way."""
    return answer.http_status == 404 and answer.detail.startswith(_ABSENT)


def _judge(status: int, body: Any) -> tuple[Result, str]:
    if status in (200, 204):
        return Result.DONE, ""
    code = str(body.get("code", "")) if isinstance(body, dict) else ""
    detail = f"{code}: {body.get('message', '')}"[:200] if code else ""
    if 400 <= status < 500 and status != 429 and code not in _ASK_FIRST:
        return Result.REFUSED, detail
    return Result.UNKNOWN, detail


def _evidence(resource: Mapping[str, Any]) -> PaymentEvidence:
    """Return what our books can take of a payment; raises KeyError, TypeError or ValueError for anything else."""
    amount, paid_at = resource["amount"], datetime.fromisoformat(resource["success_time"])
    if not isinstance(amount, Mapping):
        raise TypeError("an amount without its parts")
    total, currency = amount["total"], str(amount.get("currency", "CNY"))
    if type(total) is not int or not 0 < total <= _MOST or paid_at.tzinfo is None or paid_at.year < _FIRST_YEAR:
        raise ValueError("not a payment")
    if currency not in EXPONENTS:
        raise ValueError("a currency that our books do not know")
    return PaymentEvidence(
        provider=NAME,
        order_number=_number(resource["out_trade_no"]),
        transaction_id=_number(resource["transaction_id"]),
        amount=total,  # not payer_total: coupons are WeChat's matter (providers.md §1.7)
        currency=currency,
        paid_at=paid_at,
    )


def _number(given: object) -> str:
    if not isinstance(given, str) or not _NUMBER.fullmatch(given):
        raise ValueError("a number that is none")
    return given
