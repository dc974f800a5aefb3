"""The second factor of operators: time-based codes (RFC 6238), each used once, and recovery codes for a lost device.

The secret is stored encrypted with a key derived from the product's secret, which comes as an argument.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime

import pyotp
from cryptography.fernet import Fernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from sqlalchemy import delete, or_, update

from portal.identity.models import RecoveryCode, User
from portal.kit import tokens
from portal.kit.db import db

ISSUER = "Stallholder"
RECOVERY_CODES = 10
_STEP = 30
_DRIFT = 1
"""Steps that a device's clock may be off, before and after (RFC 6238 §5.2)."""


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What is shown once, to the operator alone: the secret, its address for authenticator apps, recovery codes."""

    secret: str
    uri: str
    recovery_codes: tuple[str, ...]


def enrol(user: User, secret_key: str) -> Enrolment:
    """Give the user a new second factor; the one before and its recovery codes are void.

    :param secret_key: the product's secret, from the settings.
    """
    secret = pyotp.random_base32()
    user.totp_secret = _cipher(secret_key).encrypt(secret.encode()).decode()
    user.totp_last_step = None
    codes = tuple(_recovery_code() for _ in range(RECOVERY_CODES))
    db.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user.id))
    db.add_all(RecoveryCode(user_id=user.id, code_hash=_hashed(code)) for code in codes)
    db.flush()
    return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=user.email, issuer_name=ISSUER), codes)


def use_code(user: User, code: str, secret_key: str, wall: datetime) -> bool:
    """Use up a code of the device or a recovery code; False when it is wrong, too old or was used before."""
    given = "".join(code.split())
    if given.isascii() and given.isdigit():
        return _use_totp(user, given, secret_key, wall)
    return _use_recovery_code(user, given, wall)


def _use_totp(user: User, code: str, secret_key: str, wall: datetime) -> bool:
    if user.totp_secret is None:
        return False
    device = pyotp.TOTP(_cipher(secret_key).decrypt(user.totp_secret).decode())
    current = int(wall.timestamp()) // _STEP
    steps = range(current - _DRIFT, current + _DRIFT + 1)
    matching = [step for step in steps if hmac.compare_digest(device.at(step * _STEP), code)]
    return bool(matching) and _use_step(user, max(matching))


def _use_step(user: User, step: int) -> bool:
    """Take the step for good. The row decides, so of two log-ins with one code at once only one gets in."""
    is_unused = or_(User.totp_last_step.is_(None), User.totp_last_step < step)
    taken = update(User).where(User.id == user.id, is_unused).values(totp_last_step=step).returning(User.id)
    return db.scalars(taken).one_or_none() is not None


def _use_recovery_code(user: User, code: str, wall: datetime) -> bool:
    unused = update(RecoveryCode).where(
        RecoveryCode.user_id == user.id, RecoveryCode.code_hash == _hashed(code), RecoveryCode.used_at.is_(None)
    )
    return db.scalars(unused.values(used_at=wall).returning(RecoveryCode.id)).one_or_none() is not None


def _recovery_code() -> str:
    """80 random bits, in four groups of letters that are hard to misread."""
    text = base64.b32encode(secrets.token_bytes(10)).decode()
    return "-".join(text[start : start + 4] for start in range(0, 16, 4))


def _hashed(code: str) -> str:
    """A plain hash is enough for 80 random bits; case and dashes do not matter to whoever types it."""
    return tokens.hashed(code.upper().replace("-", ""))


def _cipher(secret_key: str) -> Fernet:
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"stallholder second factor")
    return Fernet(base64.urlsafe_b64encode(derived.derive(secret_key.encode())))
