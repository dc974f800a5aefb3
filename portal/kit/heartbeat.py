"""Signs of life: what worker processes leave in the database, and what a readiness check asks."""

from pathlib import Path

import redis
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from portal.kit.db import db

_VERSIONS = Path(__file__).parent.parent.parent / "migrations" / "versions"
_BEAT = text(
    "INSERT INTO heartbeats (process) VALUES (:process) ON CONFLICT (process) DO UPDATE SET beat_at = clock_timestamp()"
)
_ALIVE = text("SELECT count(*) FROM heartbeats WHERE beat_at > clock_timestamp() - interval '30 seconds'")
_FORGET = text("DELETE FROM heartbeats")
_IS_ALIVE = text(
    "SELECT count(*) FROM heartbeats WHERE process = :process AND beat_at > clock_timestamp() - interval '30 seconds'"
)


def beat(process: str) -> None:
    """Leave a sign of life of ``process``."""
    db.execute(_BEAT, {"process": process})


def forget() -> None:
    """Forget all signs of life: what an earlier run left says nothing of this one."""
    db.execute(_FORGET)


def is_alive(process: str) -> bool:
    """Whether ``process`` left a sign of life within the last 30 seconds."""
    return bool(db.execute(_IS_ALIVE, {"process": process}).scalar_one())


def checks(redis_url: str) -> dict[str, str]:
    """Return ``ok`` or what is wrong, for database, migrations, worker and redis."""
    found = {"database": "ok", "migrations": "unknown", "worker": "unknown", "redis": _redis(redis_url)}
    try:
        found["migrations"] = _migrations(db.execute(text("SELECT version_num FROM alembic_version")).scalar())
        found["worker"] = "ok" if db.execute(_ALIVE).scalar_one() else "no heartbeat for 30 seconds"
    except SQLAlchemyError as error:
        found["database"] = type(error).__name__
    return found


def _migrations(at: str | None) -> str:
    """A later release's tables are ours as well: it migrates first, and the old code goes on beside it."""
    newest = max(path.name.split("_")[0] for path in _VERSIONS.glob("[0-9]*.py"))
    return "ok" if at is not None and at >= newest else f"at {at}, wants {newest}"


def _redis(url: str) -> str:
    try:
        with redis.Redis.from_url(url, socket_timeout=1, socket_connect_timeout=1) as client:
            client.ping()
    except (redis.RedisError, OSError) as error:
        return type(error).__name__
    return "ok"
