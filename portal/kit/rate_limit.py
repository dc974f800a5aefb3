"""Rate limits by address and by account, counted in Redis, in memory while Redis is away."""

from flask_limiter import Limiter
from flask_limiter.util import get_remote_address


class _OfViews(Limiter):
    """Looks only where a view says so by its decorator; what would be looked for before every request is nowhere."""

    def _check_request_limit(self, callable_name: str | None = None, in_middleware: bool = True) -> None:
        if not in_middleware:
            super()._check_request_limit(callable_name, in_middleware)


limiter = _OfViews(
    get_remote_address,
    strategy="moving-window",
    in_memory_fallback_enabled=True,
    key_prefix="limit",
)
