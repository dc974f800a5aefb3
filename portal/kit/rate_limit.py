"""Rate limits by address and by account, counted in Redis, in memory while Redis is away."""

from flask import Flask
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

limiter = Limiter(
    get_remote_address,
    strategy="moving-window",
    in_memory_fallback_enabled=True,
    key_prefix="limit",
)


def register(app: Flask) -> None:
    """Let the views that say so by their decorator look for their limits.

    The library's own hooks would look before and after every request; where it is known to have them it adds none.
    """
    app.extensions["limiter"] = {limiter}
    limiter.init_app(app)
