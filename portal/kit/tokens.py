"""Secrets that travel in links and cookies: made here, and only their hashes are stored."""

import base64
import hashlib
import hmac
import secrets


def new_token() -> str:
    """Return a secret of 256 random bits for a link or a cookie."""
    return secrets.token_urlsafe(32)


def token_for(secret_key: str, subject: str) -> str:
    """Return the secret of 256 bits that belongs to ``subject``: always the same, and known only to who has our key."""
    digest = hmac.digest(secret_key.encode(), f"token for {subject}".encode(), "sha256")
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")


def hashed(token: str) -> str:
    """Return what is stored of ``token``: SHA-256, hexadecimal. Enough, because the token itself is random."""
    return hashlib.sha256(token.encode()).hexdigest()


def is_same(given: str, expected: str) -> bool:
    """Compare two secrets in constant time."""
    return secrets.compare_digest(given.encode(), expected.encode())
