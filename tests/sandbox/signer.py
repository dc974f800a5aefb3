"""A merchant who signs by hand, so that every single part of a request can be made wrong on purpose."""

import base64
import json
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from tests.support.sandbox import Sandbox

NATIVE = "/v3/pay/transactions/native"


@dataclass
class Draft:
    """A request before it is sent; None in a header takes it away."""

    method: str = "POST"
    path: str = NATIVE
    body: bytes = b""
    claim: dict[str, str] = field(default_factory=dict)
    headers: dict[str, str | None] = field(default_factory=dict)
    signed_body: bytes | None = None
    scheme: str = "WECHATPAY2-SHA256-RSA2048"
    key: RSAPrivateKey | None = None


class Signer:
    """Holds the merchant's keys and sends drafts."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        self.env = sandbox.product_env()
        key = load_pem_private_key(Path(self.env["WECHAT_PAY_PRIVATE_KEY_FILE"]).read_bytes(), None)
        platform = load_pem_public_key(Path(self.env["WECHAT_PAY_PUBLIC_KEY_FILE"]).read_bytes())
        assert isinstance(key, RSAPrivateKey)
        assert isinstance(platform, RSAPublicKey)
        self.key, self.platform = key, platform

    def order(self, number: str = "order-0001", **changes: Any) -> dict[str, Any]:
        """The smallest good order, with changes; Ellipsis takes a field away."""
        order = {
            "appid": self.env["WECHAT_PAY_APPID"],
            "mchid": self.env["WECHAT_PAY_MCHID"],
            "description": "Pro",
            "out_trade_no": number,
            "notify_url": "https://shop.example/notify",
            "amount": {"total": 888, "currency": "CNY"},
        }
        return {name: value for name, value in (order | changes).items() if value is not ...}

    def native(self, number: str = "order-0001", **changes: Any) -> requests.Response:
        """Send an order."""
        return self.send(Draft(body=json.dumps(self.order(number, **changes)).encode()))

    def close(self, number: str = "order-0001", body: dict[str, Any] | None = None) -> requests.Response:
        """Send a close."""
        content = {"mchid": self.env["WECHAT_PAY_MCHID"]} if body is None else body
        return self.send(
            Draft(path=f"/v3/pay/transactions/out-trade-no/{number}/close", body=json.dumps(content).encode())
        )

    def query(self, number: str = "order-0001", suffix: str | None = None) -> requests.Response:
        """Send a query; the suffix replaces ?mchid=…"""
        tail = f"?mchid={self.env['WECHAT_PAY_MCHID']}" if suffix is None else suffix
        return self.send(Draft("GET", f"/v3/pay/transactions/out-trade-no/{number}{tail}"))

    def send(self, draft: Draft) -> requests.Response:
        """Sign and send exactly these bytes."""
        headers: dict[str, str | None] = {
            "Accept": "application/json",
            "Content-Type": "application/json",
            "User-Agent": "signer",
            "Authorization": self.authorization(draft),
        }
        url = self.sandbox.url + draft.path
        kept = {name: value for name, value in (headers | draft.headers).items() if value is not None}
        prepared = requests.Request(draft.method, url, headers=kept, data=draft.body).prepare()
        prepared.url = url
        with requests.Session() as session:
            return session.send(prepared, timeout=20)

    def authorization(self, draft: Draft) -> str:
        """The Authorization header of a draft."""
        claim = {
            "mchid": self.env["WECHAT_PAY_MCHID"],
            "nonce_str": secrets.token_hex(16),
            "timestamp": str(int(time.time())),
            "serial_no": self.env["WECHAT_PAY_CERT_SERIAL"],
        } | draft.claim
        body = draft.body if draft.signed_body is None else draft.signed_body
        head = f"{draft.method}\n{draft.path}\n{claim['timestamp']}\n{claim['nonce_str']}\n"
        signature = (draft.key or self.key).sign(head.encode() + body + b"\n", PKCS1v15(), SHA256())
        claim = {"signature": base64.b64encode(signature).decode()} | claim
        return f"{draft.scheme} " + ",".join(f'{name}="{value}"' for name, value in claim.items())

    def verify(self, response: requests.Response) -> None:
        """Check the signature of an answer; InvalidSignature or KeyError when it is not good."""
        headers = response.headers
        message = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode()
        signature = base64.b64decode(headers["Wechatpay-Signature"])
        assert headers["Wechatpay-Serial"] == self.env["WECHAT_PAY_PUBLIC_KEY_ID"]
        assert abs(int(headers["Wechatpay-Timestamp"]) - time.time()) < 60
        self.platform.verify(signature, message + response.content + b"\n", PKCS1v15(), SHA256())
