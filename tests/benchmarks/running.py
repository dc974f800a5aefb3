"""A whole product at work for a bench: web server, workers and the sandbox, over a fresh database."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from portal.app import create_app, wire
from portal.cli.ports import free_ports
from portal.kit import edge, jobs
from portal.kit.config import load_settings
from tests.benchmarks.place import Place
from tests.benchmarks.serving import OURS, served
from tests.support.crash import workers
from tests.support.databases import cloned, empty
from tests.support.portal import Portal
from tests.support.sandbox import Sandbox


@contextmanager
def running(place: Place) -> Iterator[Portal]:
    """Start everything; the handles of a story work on it from this process, which runs no jobs itself."""
    keys = place.folder / "running"
    shutil.rmtree(keys, ignore_errors=True)
    port = free_ports(1)[0]
    with empty(place.servers) as book, Sandbox.start(book, keys) as sandbox, cloned(place.servers, "running") as url:
        own = sandbox.product_env() | {
            "PORTAL_PORT": str(port),
            "PORTAL_BASE_URL": f"http://127.0.0.1:{port}",
            "PORTAL_PROXIES": "1",
        }
        environ = dict(place.environ(url, **own))
        settings = load_settings(environ)
        redis.Redis.from_url(settings.redis_url).flushdb()
        wire(settings, "bench", pool_size=4)
        portal = Portal(settings, environ, create_app(settings), sandbox)
        try:
            with served(OURS, environ, place.folder, port=port), workers(portal):
                yield portal
        finally:
            edge.disconnect()
            jobs.wake_with(lambda queues: None)
