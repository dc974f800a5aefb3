"""What is the same for everybody and dear to make, kept in Redis for a few minutes.

Nothing is ever dropped here: whoever keeps a thing names the edition it was made from (``kit.editions``), so that an
old one is never found. Redis is not believed: what it gives back must carry our signature for exactly this key, and
while it is away, slow or full the thing is simply made anew.
"""

import hashlib
import hmac
import json
import threading
import time
import zlib
from collections.abc import Callable, Sequence
from typing import TypeVar, cast

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from portal.kit import logging, metrics

T = TypeVar("T")
_SECONDS = 300
_PATIENCE = 0.2
_REST = 5.0
"""How long Redis is left alone after it did not answer in time; then one caller tries it, not all."""
_LARGEST = 256 * 1024
_SIGNATURE = 32
log = logging.logger()


class _Store:
    """Redis as a shelf of signed texts that may be empty at any time."""

    def __init__(self, url: str, secret: str) -> None:
        self._redis = redis.Redis.from_url(
            url, socket_timeout=_PATIENCE, socket_connect_timeout=_PATIENCE, retry=Retry(NoBackoff(), 0)
        )
        self._secret = hashlib.sha256(b"cache:" + secret.encode()).digest()
        self._lock = threading.Lock()
        self._rests_until = 0.0

    def find(self, key: str) -> bytes | None:
        """Return what is kept under ``key``, if it is ours.

        :raises redis.ConnectionError: Redis does not answer, or did not a moment ago.
        """
        found = self._ask(lambda: self._redis.get(key))
        if not isinstance(found, bytes):
            return None
        signature, body = found[:_SIGNATURE], found[_SIGNATURE:]
        return zlib.decompress(body) if hmac.compare_digest(signature, self._signed(key, body)) else None

    def put(self, key: str, value: bytes) -> None:
        """Keep ``value`` under ``key``; raises as ``find`` does."""
        body = zlib.compress(value, 1)
        self._ask(lambda: self._redis.set(key, self._signed(key, body) + body, ex=_SECONDS))

    def _signed(self, key: str, body: bytes) -> bytes:
        return hashlib.blake2b(key.encode() + b"\0" + body, key=self._secret, digest_size=_SIGNATURE).digest()

    def _ask(self, work: Callable[[], object]) -> object:
        self._wait_for_turn()
        try:
            answer = work()
        except redis.ResponseError as refusal:  # it is there, and what lies under this key is not ours, or it is full
            log.warning("cache_refused", error=str(refusal)[:200])
            answer = None
        except (redis.RedisError, OSError, ValueError) as error:  # ValueError: an answer that is not Redis's protocol
            self._rests_until = time.monotonic() + _REST
            log.warning("cache_away", error=type(error).__name__)
            raise redis.ConnectionError("away") from error
        self._rests_until = 0.0
        return answer

    def _wait_for_turn(self) -> None:
        """Let everybody pass while all is well; after a failure nobody for a while, and then one."""
        with self._lock:
            now = time.monotonic()
            if now < self._rests_until:
                raise redis.ConnectionError("left alone")
            if self._rests_until:
                self._rests_until = now + _REST


_store: _Store | None = None


def connect(redis_url: str, secret: str) -> None:
    """Keep things in this Redis from now on, signed by ``secret``."""
    global _store
    _store = _Store(redis_url, secret)


def disconnect() -> None:
    """Keep nothing any more."""
    global _store
    _store = None


def kept(kind: str, parts: Sequence[str], make: Callable[[], T]) -> T:
    """Return what was kept of this ``kind`` under exactly these ``parts``, or make it and keep it.

    :param parts: everything that the thing depends on, the edition among it.
    :param make: gives a value of JSON, the same for whoever asks.
    """
    store = _store
    if store is None:
        return make()
    key = f"kept:{kind}:{hashlib.sha256(json.dumps(parts).encode()).hexdigest()}"
    try:
        found = store.find(key)
    except redis.ConnectionError:
        metrics.CACHE.labels(kind, "away").inc()
        return make()
    metrics.CACHE.labels(kind, "miss" if found is None else "hit").inc()
    if found is not None:
        return cast(T, json.loads(found))
    value = make()
    _keep(store, key, json.dumps(value, ensure_ascii=False).encode())
    return value


def _keep(store: _Store, key: str, value: bytes) -> None:
    if len(value) > _LARGEST:
        return
    try:
        store.put(key, value)
    except redis.ConnectionError:
        return
