"""The floor of a notification: a bare Flask view that verifies it, reads it and inserts one row, without us."""

import base64
import json
import os
from pathlib import Path
from queue import LifoQueue
from typing import Any

import psycopg
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from flask import Flask, Response, request
from psycopg.types.json import Jsonb

_CONNECTIONS = 4
_INSERT = """
INSERT INTO payment_events (id, provider, event_id, kind, order_number, body, status)
VALUES (gen_random_uuid(), 'wechat_pay', %s, %s, %s, %s, 'received') ON CONFLICT DO NOTHING
"""


def create_app() -> Flask:
    """Make the floor, with connections of its own."""
    app = Flask(__name__)
    key = load_pem_public_key(Path(os.environ["WECHAT_PAY_PUBLIC_KEY_FILE"]).read_bytes())
    assert isinstance(key, RSAPublicKey)
    opener = AESGCM(os.environ["WECHAT_PAY_APIV3_KEY"].encode())
    pool: LifoQueue[psycopg.Connection] = LifoQueue()
    for _ in range(_CONNECTIONS):
        pool.put(psycopg.connect(os.environ["DATABASE_URL"], options="-c timezone=UTC"))

    @app.get("/healthz")
    def healthz() -> str:
        return "ok"

    @app.post("/api/v1/webhooks/wechat_pay")
    def receive() -> Response:
        body, told = request.get_data(), request.headers
        message = f"{told['Wechatpay-Timestamp']}\n{told['Wechatpay-Nonce']}\n".encode() + body + b"\n"
        try:
            key.verify(base64.b64decode(told["Wechatpay-Signature"]), message, PKCS1v15(), SHA256())
        except InvalidSignature:
            return Response(status=401)
        _keep(json.loads(body), opener, pool)
        return Response(status=204)

    return app


def _keep(event: dict[str, Any], opener: AESGCM, pool: LifoQueue[psycopg.Connection]) -> None:
    """Read what is sealed and insert it."""
    sealed = event["resource"]
    nonce, about = sealed["nonce"].encode(), sealed["associated_data"].encode()
    payment = json.loads(opener.decrypt(nonce, base64.b64decode(sealed["ciphertext"]), about))
    connection = pool.get()
    try:
        connection.execute(_INSERT, (event["id"], event["event_type"], payment["out_trade_no"], Jsonb(payment)))
        connection.commit()
    finally:
        pool.put(connection)
