"""People for tests, made the way the product makes them, with one password."""

from datetime import UTC, datetime

from portal.identity import passwords, queries, registration
from portal.identity.models import User

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PASSWORD = "correct horse battery"
_HASH = passwords.hashed(PASSWORD)


def make_user(email: str = "ann@shop.example", *, is_verified: bool = False, now: datetime = NOW) -> User:
    """A user called Ann."""
    registration.create_user("Ann", email, _HASH, "en", now)
    user = queries.get_user_of(email)
    user.verified_at = now if is_verified else None
    return user
