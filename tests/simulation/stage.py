"""Where simulations are played: one application, provider and wire to Redis, and a database for each life."""

from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit, urlunsplit

from flask import Flask

from portal.app import create_app, wire
from portal.cli.ports import free_ports
from portal.currency.feed import FETCH_RATES
from portal.kit import config, edge
from portal.kit.config import load_settings
from portal.kit.rate_limit import limiter
from tests.simulation.days import first_mornings
from tests.simulation.months.product import LongProduct
from tests.simulation.months.simulation import Months
from tests.simulation.product import Product, looking_into
from tests.simulation.simulation import Simulation
from tests.support.cut_proxy import CutProxy
from tests.support.databases import cloned
from tests.support.portal import Portal
from tests.support.sandbox import Sandbox
from tests.support.servers import Servers
from tests.support.serving import serving
from tests.support.settings import make_environ
from worker import schedule

P = TypeVar("P", bound=Product)


class Stage:
    """Begins one life after the other; each ends before the next begins."""

    def __init__(self, servers: Servers, environ: dict[str, str], app: Flask, sandbox: Sandbox, wire: CutProxy) -> None:
        self._servers, self._environ, self._app = servers, environ, app
        self._sandbox, self._redis_wire = sandbox, wire
        self._open = ExitStack()
        self._tally: Counter[str] = Counter()

    def begin(self, day: int) -> Simulation:
        """Let a life of some days begin on the morning of one of the days that calendars get wrong."""
        return Simulation(self._product(Product, day), self._tally)

    def begin_months(self, day: int) -> Months:
        """Let a life of some months begin so."""
        return Months(self._product(LongProduct, day), self._tally)

    def _product(self, kind: type[P], day: int) -> P:
        self.end()
        self._tally["lives"] += 1
        self._sandbox.reset()
        url = self._open.enter_context(cloned(self._servers, "life"))
        self._open.callback(edge.disconnect)
        environ = self._environ | {"DATABASE_URL": url}
        settings = load_settings(environ)
        config.use(settings)
        edge.connect(url, pool_size=6, application="simulation")
        portal = Portal(settings, environ, self._app, self._sandbox)
        product = kind(portal, self._redis_wire, self._open.enter_context(looking_into(url)))
        product.find_redis()
        mornings = first_mornings(product.now())
        product.begin(mornings[day % len(mornings)])
        return product

    @property
    def played(self) -> int:
        """How many lives have begun."""
        return self._tally["lives"]

    def told(self) -> str:
        """What was played so far, in figures."""
        return ", ".join(f"{count} {what}" for what, count in self._tally.items())

    def end(self) -> None:
        """Forget the life that was."""
        self._open.close()


@contextmanager
def stage(servers: Servers, redis_url: str, sandbox: Sandbox, folder: Path) -> Iterator[Stage]:
    """Build the application once; limits of how often somebody may ask have tests of their own.

    The rates stand still, as the model has only one of each.
    """
    redis = urlsplit(redis_url)
    port = free_ports(1)[0]
    with CutProxy((str(redis.hostname), int(redis.port or 0))) as redis_wire:
        through = urlunsplit(redis._replace(netloc=redis.netloc.replace(f":{redis.port}", f":{redis_wire.port}")))
        own = sandbox.product_env() | {"PORTAL_PORT": str(port), "PORTAL_BASE_URL": f"http://127.0.0.1:{port}"}
        environ = make_environ(servers.postgres_url, through, folder, own)
        settings = load_settings(environ)
        wire(settings, "simulation", pool_size=6)
        app = create_app(settings)
        built = Stage(servers, environ, app, sandbox, redis_wire)
        limiter.enabled = False
        recurring = schedule.SCHEDULE
        schedule.SCHEDULE = tuple(entry for entry in recurring if entry.job != FETCH_RATES)
        try:
            with serving(app, port):
                yield built
        finally:
            limiter.enabled = True
            schedule.SCHEDULE = recurring
            built.end()
            edge.disconnect()
