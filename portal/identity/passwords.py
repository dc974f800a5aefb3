"""Passwords: how they are hashed and compared, and what one must be. They are never stored, logged or sent."""

import unicodedata

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from portal.kit.errors import N_, Invalid

MIN_LENGTH = 10
MAX_LENGTH = 200
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1, type=Type.ID)
"""The parameters of OWASP's password storage cheat sheet: 19 MiB, two passes, one lane."""
_NOBODYS = "$argon2id$v=19$m=19456,t=2,p=1$rr4Lxe052gCClTp5gu7GIg$lJjnyk9XHo77t28C20uA5CcRmv6rQWcxo50/BlITuao"
"""Of a password that was forgotten at once; to hash one at every start is a good part of what starting takes."""


def hashed(password: str) -> str:
    """Return what is stored of ``password``.

    :raises Invalid: too short or too long; the only rules, as length is what helps (NIST SP 800-63B §5.1.1).
    """
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        message = N_("A password has 10 to 200 characters.")
        raise Invalid("password_length", message, fields={"password": message})
    return _hasher.hash(_composed(password))


def is_right(password_hash: str | None, password: str) -> bool:
    """Compare; without an account (None) the same time is spent, so that nobody learns which accounts exist."""
    try:
        _hasher.verify(password_hash or _NOBODYS, _composed(password))
    except (VerificationError, InvalidHashError):
        return False
    return password_hash is not None


def rehashed(password_hash: str, password: str) -> str:
    """Return the hash to store after a log-in: a new one where our parameters have changed since."""
    return _hasher.hash(_composed(password)) if _hasher.check_needs_rehash(password_hash) else password_hash


def _composed(password: str) -> str:
    """Bring composed letters into one form, as keyboards differ (RFC 8265 §4.2.2)."""
    return unicodedata.normalize("NFC", password)
