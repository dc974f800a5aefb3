"""WECHATPAY2-SHA256-RSA2048 in both directions, written from its description and not with the merchants' SDK.

Signature timestamps are always wall time: business time never makes an old message fresh.
"""

import base64
import binascii
import re
import secrets
from dataclasses import dataclass
from datetime import timedelta

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from sqlalchemy import Engine, delete
from sqlalchemy.dialects.postgresql import insert

from portal.sandbox.clock import wall
from portal.sandbox.database import nonces
from portal.sandbox.keyring import Keyring
from portal.sandbox.wechat.errors import bad_signature

SCHEME = "WECHATPAY2-SHA256-RSA2048"
FRESH_SECONDS = 300
FIELDS = {"mchid", "nonce_str", "signature", "timestamp", "serial_no"}
_PAIR = re.compile(r'([a-z_]+)="([^"]*)"')
_NONCE = re.compile(r"[0-9A-Za-z]{1,32}")


@dataclass(frozen=True)
class Authorization:
    """The five values of the Authorization header."""

    mchid: str
    nonce_str: str
    signature: str
    timestamp: str
    serial_no: str


def parse_authorization(header: str) -> Authorization:
    """Read the header strictly; 401 for another scheme or a missing, repeated or unknown value."""
    scheme, _, rest = header.partition(" ")
    if scheme != SCHEME:
        raise bad_signature("Authorization must begin with " + SCHEME, "Authorization")
    pairs = [_PAIR.fullmatch(part.strip()) for part in rest.split(",")]
    values = {pair[1]: pair[2] for pair in pairs if pair}
    if len(pairs) != len(FIELDS) or set(values) != FIELDS:
        raise bad_signature("Authorization must name each of its five values once", "Authorization")
    return Authorization(**values)


def check_request(engine: Engine, keyring: Keyring, header: str, method: str, target: str, body: bytes) -> None:
    """Make certain who asks: merchant, serial, freshness, signature over the exact bytes, nonce not used before.

    `target` is path and query exactly as sent. Refuses with 401 and remembers the nonce of a good signature.
    """
    claim = parse_authorization(header)
    if claim.mchid != keyring.mchid:
        raise bad_signature("no such merchant", "mchid")
    if claim.serial_no.upper() != keyring.merchant_serial:
        raise bad_signature("no such certificate of this merchant", "serial_no")
    if not re.fullmatch("[0-9]{1,12}", claim.timestamp):
        raise bad_signature("not a number of seconds", "timestamp")
    if abs(wall().timestamp() - int(claim.timestamp)) > FRESH_SECONDS:
        raise bad_signature("more than 5 minutes from our clock", "timestamp")
    if not _NONCE.fullmatch(claim.nonce_str):
        raise bad_signature("1 to 32 letters and digits", "nonce_str")
    head = f"{method}\n{target}\n{claim.timestamp}\n{claim.nonce_str}\n".encode("latin-1", "replace")
    try:
        signature = base64.b64decode(claim.signature, validate=True)
        keyring.merchant_key.verify(signature, head + body + b"\n", PKCS1v15(), SHA256())
    except (InvalidSignature, binascii.Error, ValueError):
        raise bad_signature("sign not match") from None
    if not _first_use(engine, claim):
        raise bad_signature("used before", "nonce_str")


def _first_use(engine: Engine, claim: Authorization) -> bool:
    now = wall()
    statement = insert(nonces).values(mchid=claim.mchid, nonce=claim.nonce_str, seen_at=now)
    with engine.begin() as connection:
        # A nonce needs remembering only while its timestamp could still pass, in either direction.
        connection.execute(delete(nonces).where(nonces.c.seen_at < now - timedelta(seconds=2 * FRESH_SECONDS)))
        taken = connection.scalar(statement.on_conflict_do_nothing().returning(nonces.c.nonce))
    return taken is not None


def signature_headers(key_id: str, key: RSAPrivateKey, body: bytes, shift: int = 0) -> dict[str, str]:
    """The signature headers of an answer or a notice, made now; `shift` seconds move its timestamp."""
    timestamp, nonce = str(int(wall().timestamp()) + shift), secrets.token_hex(16)
    message = f"{timestamp}\n{nonce}\n".encode() + body + b"\n"
    return {
        "Wechatpay-Timestamp": timestamp,
        "Wechatpay-Nonce": nonce,
        "Wechatpay-Serial": key_id,
        "Wechatpay-Signature": base64.b64encode(key.sign(message, PKCS1v15(), SHA256())).decode(),
        "Wechatpay-Signature-Type": SCHEME,
    }


def seal(apiv3_key: bytes, plain: bytes, associated_data: str) -> dict[str, str]:
    """AEAD_AES_256_GCM as in a notice's resource: ciphertext with its tag, nonce of 12 characters."""
    nonce = secrets.token_hex(6)
    sealed = AESGCM(apiv3_key).encrypt(nonce.encode(), plain, associated_data.encode())
    return {
        "algorithm": "AEAD_AES_256_GCM",
        "ciphertext": base64.b64encode(sealed).decode(),
        "associated_data": associated_data,
        "nonce": nonce,
    }
