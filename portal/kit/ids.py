"""Identifiers: time-ordered primary keys that never leave the server, and prefixed public ids that do."""

import secrets
import time
from uuid import UUID

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_PUBLIC_LENGTH = 22  # 62^22 > 2^128: guessing one is hopeless


def new_id() -> UUID:
    """Return a UUID version 7 (RFC 9562 §5.7): 48 bits of milliseconds, 12 of their fraction, then random bits.

    The fraction (§6.2, method 3) keeps what one process makes within a millisecond in its order, so that the audit log
    can be sealed in the order in which things were done.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    fraction = (rest << 12) // 1_000_000
    return UUID(int=milliseconds << 80 | 0x7 << 76 | fraction << 64 | 0x2 << 62 | secrets.randbits(62))


def text(key: UUID | None) -> str | None:
    """Return a key as the facts of an event and the arguments of a job hold it."""
    return str(key) if key is not None else None


def public_id(prefix: str) -> str:
    """Return ``prefix_`` and 22 random letters and digits (more than 128 bits), safe in addresses."""
    return f"{prefix}_{random_text(_PUBLIC_LENGTH)}"


def random_text(length: int) -> str:
    """Return ``length`` random ASCII letters and digits from the system's secure source."""
    number, text = secrets.randbelow(len(_ALPHABET) ** length), ""
    for _ in range(length):
        number, digit = divmod(number, len(_ALPHABET))
        text += _ALPHABET[digit]
    return text
