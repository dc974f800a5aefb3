"""Secrets that travel in links and cookies: made here, and only their hashes are stored."""

import hashlib
import secrets


def new_token() -> str:
    """Return a secret of 256 random bits for a link or a cookie."""
    return secrets.token_urlsafe(32)


def hashed(token: str) -> str:
    """Return what is stored of ``token``: SHA-256, hexadecimal. Enough, because the token itself is random."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_same(given: str, expected: str) -> bool:
    """Compare two secrets in constant time."""
    return secrets.compare_digest(given.encode(), expected.encode())
