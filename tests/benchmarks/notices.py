"""Notices of payments as WeChat Pay signs them, made ahead so that signing costs nothing while they are sent."""

import base64
import json
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

ADDRESS = "/api/v1/webhooks/wechat_pay"
_BEIJING = timezone(timedelta(hours=8))


@dataclass(frozen=True, slots=True)
class Notice:
    """A notice ready to be sent; good for five minutes from its making."""

    event_id: str
    headers: Mapping[str, str]
    body: bytes


class Signer:
    """Signs as the platform whose keys lie in ``keys`` does, for the merchant of ``environ``."""

    def __init__(self, keys: Path, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self._key_id = environ["WECHAT_PAY_PUBLIC_KEY_ID"]
        key = load_pem_private_key((keys / f"wechat_{self._key_id}.pem").read_bytes(), None)
        assert isinstance(key, RSAPrivateKey)
        self._key = key

    def paid(self, order_number: str, amount: int) -> Notice:
        """Say under a new number that an order was paid; its transaction is the same each time."""
        event_id = secrets.token_hex(16)
        now = datetime.now(_BEIJING).isoformat(timespec="seconds")
        payment = {
            "mchid": self._environ["WECHAT_PAY_MCHID"],
            "appid": self._environ["WECHAT_PAY_APPID"],
            "out_trade_no": order_number,
            "transaction_id": f"42{order_number}",
            "trade_type": "NATIVE",
            "trade_state": "SUCCESS",
            "success_time": now,
            "amount": {"total": amount, "payer_total": amount, "currency": "CNY", "payer_currency": "CNY"},
        }
        event = {
            "id": event_id,
            "create_time": now,
            "event_type": "TRANSACTION.SUCCESS",
            "resource_type": "encrypt-resource",
            "summary": "paid",
            "resource": self._sealed(json.dumps(payment).encode()),
        }
        body = json.dumps(event).encode()
        return Notice(event_id, self._headers(body), body)

    def _sealed(self, plain: bytes) -> dict[str, str]:
        nonce, about = secrets.token_hex(6), "transaction"
        sealed = AESGCM(self._environ["WECHAT_PAY_APIV3_KEY"].encode()).encrypt(nonce.encode(), plain, about.encode())
        return {
            "original_type": about,
            "algorithm": "AEAD_AES_256_GCM",
            "ciphertext": base64.b64encode(sealed).decode(),
            "associated_data": about,
            "nonce": nonce,
        }

    def _headers(self, body: bytes) -> dict[str, str]:
        stamp, nonce = str(int(time.time())), secrets.token_hex(16)
        signed = self._key.sign(f"{stamp}\n{nonce}\n".encode() + body + b"\n", PKCS1v15(), SHA256())
        return {
            "Content-Type": "application/json",
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": self._key_id,
            "Wechatpay-Signature": base64.b64encode(signed).decode(),
            "Wechatpay-Signature-Type": "WECHATPAY2-SHA256-RSA2048",
        }
