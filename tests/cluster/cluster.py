"""Two of everything: two web servers and two workers, each as on a host of its own, behind the balancer of the docs.

Everything is the real thing: the product's own commands, HAProxy with the file that the documentation recommends, one
PostgreSQL, one Redis, and the sandbox that notifies through the balancer.
"""

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit
from uuid import uuid4

import psycopg
import redis
import requests
from psycopg import sql
from sqlalchemy import text

from portal.app import create_app, wire
from portal.cli import app_role
from portal.cli.ports import free_ports
from portal.cli.processes import Child, Command, kill_group
from portal.kit import edge
from portal.kit.config import load_settings
from portal.kit.db import db
from tests.support.databases import cloned
from tests.support.oracle import Oracle
from tests.support.portal import Portal
from tests.support.processes import ROOT, bare_environ, eventually, status
from tests.support.sandbox import Sandbox
from tests.support.servers import Servers
from tests.support.settings import METRICS_TOKEN, make_environ

BALANCER = ROOT / "docs" / "haproxy"
PATIENCE = 90
"""Seconds that a busy machine may need to start a process."""
_SCHEDULERS = text(
    "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'scheduler'"
)


class Host:
    """One process of the product, with a state folder of its own; it can lose its power and come back."""

    def __init__(self, name: str, command: str, environ: dict[str, str], folder: Path) -> None:
        self.name = name
        self.port = int(environ["PORTAL_PORT"])
        self._command = Command(
            name=name,
            arguments=[Path(sys.executable).with_name("portal"), command],
            environ=bare_environ() | environ | {"PORTAL_STATE": str(folder / name)},
            folder=ROOT,
        )
        self._folder = folder
        self._child: Child | None = None

    @property
    def child(self) -> Child:
        """The running process."""
        assert self._child is not None
        return self._child

    def start(self) -> None:
        """Start it; whether it is of use yet is another question."""
        self._child = Child(self._command, self._folder / f"{self.name}.log", self._folder / "run" / self.name)

    def lose_power(self) -> None:
        """End it and all its children at once."""
        kill_group(self.child.process.pid)
        self.child.process.wait(10)

    def leave(self) -> int:
        """Ask it to end, as a deployment does, and give its exit code."""
        self.child.process.terminate()
        return self.child.process.wait(60)

    def end(self) -> None:
        """Make sure that nothing of it is left."""
        if self._child is not None:
            self.lose_power()

    def is_ready(self) -> bool:
        """Whether it would be sent people."""
        try:
            return status(self.port, "/readyz") == 200
        except OSError:
            return False

    def served(self) -> float:
        """How many pages it has answered since it was started, questions of machines left out."""
        told = requests.get(
            f"http://127.0.0.1:{self.port}/metrics", headers={"Authorization": f"Bearer {METRICS_TOKEN}"}, timeout=15
        ).text
        lines = [line for line in told.splitlines() if line.startswith("portal_requests_total{")]
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if 'endpoint="health.' not in line)


class Cluster:
    """The whole: ``webs``, ``workers``, the balancer, and the handles of a story whose visitors come by it."""

    def __init__(self, portal: Portal, folder: Path, front: int) -> None:
        self.portal = portal
        ports = free_ports(2)
        self.webs = [
            Host(f"web-{number}", "web", portal.environ | {"PORTAL_PORT": str(port)}, folder)
            for number, port in enumerate(ports, 1)
        ]
        self.workers = [Host(f"worker-{number}", "worker", portal.environ, folder) for number in (1, 2)]
        self._balancer = balancer(front, ports, folder)

    def start(self) -> None:
        """Start everything and wait until the balancer has somebody to send people to."""
        for host in (*self.workers, *self.webs):
            host.start()
        for web in self.webs:
            self.await_ready(web)
        self.await_workers()
        assert eventually(lambda: status(self.front, "/readyz") == 200, PATIENCE)

    def stop(self) -> None:
        """End everything."""
        for host in (*self.webs, *self.workers):
            host.end()
        self._balancer.stop()

    @property
    def front(self) -> int:
        """The balancer's port."""
        return int(self.portal.settings.base_url.rsplit(":", 1)[1])

    def await_ready(self, web: Host) -> None:
        """Wait until a web server that was started would be sent people."""
        assert eventually(web.is_ready, PATIENCE), web.child.last_lines()

    def await_people(self, web: Host) -> None:
        """Wait until the balancer sends people to a web server again."""
        self.await_ready(web)
        before = web.served()
        assert eventually(lambda: web.served() > before, PATIENCE), f"nobody is sent to {web.name}"

    def await_workers(self) -> None:
        """Wait until both workers are at work again: each has a scheduler that holds a connection."""
        both = lambda: self.portal.do(lambda: db.execute(_SCHEDULERS).scalar_one()) == 2  # noqa: E731
        assert eventually(both, PATIENCE), "there are not two schedulers"

    @property
    def oracle(self) -> Oracle:
        """What is asked at the end; the workers beside bring everything to rest."""
        settings = self.portal.settings
        return Oracle(settings.database_url, self.portal.sandbox, self.portal.journal, seconds=PATIENCE)


@contextmanager
def cluster(servers: Servers, redis_url: str, sandbox: Sandbox, folder: Path) -> Iterator[Cluster]:
    """Two of everything over a database of their own, running."""
    redis.Redis.from_url(redis_url).flushdb()
    front = free_ports(1)[0]
    own = {"PORTAL_BASE_URL": f"http://127.0.0.1:{front}", "PORTAL_PROXIES": "1", "PORTAL_DRAIN": "2"}
    with cloned(servers, "cluster") as url, _working_role(url) as app_url:
        environ = make_environ(app_url, redis_url, folder, sandbox.product_env() | own | {"PORTAL_PORT": "1"})
        settings = load_settings(environ)
        wire(settings, "cluster", pool_size=12)
        whole = Cluster(Portal(settings, environ, create_app(settings), sandbox), folder, front)
        try:
            whole.start()
            yield whole
        finally:
            whole.stop()
            edge.disconnect()


@contextmanager
def _working_role(url: str) -> Iterator[str]:
    """The address for the role that the product works as, which owns nothing."""
    name = f"cluster_{uuid4().hex[:12]}"
    parts = urlsplit(url)
    app_url = urlunsplit(parts._replace(netloc=f"{name}:{name}@{parts.hostname}:{parts.port}"))
    app_role.ensure(url, app_url)
    yield app_url
    with psycopg.connect(url) as owner:
        owner.execute(sql.SQL("DROP OWNED BY {}; DROP ROLE {}").format(*[sql.Identifier(name)] * 2))


def balancer(front: int, webs: list[int], folder: Path) -> Child:
    """Start HAProxy with the documentation's file before the web servers at these ports."""
    program = shutil.which("haproxy", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    assert program, "HAProxy is not installed: `make tools` installs it"
    (folder / "run").mkdir(exist_ok=True)
    environ = {
        "FRONT": f"127.0.0.1:{front}",
        "WEB_1": f"127.0.0.1:{webs[0]}",
        "WEB_2": f"127.0.0.1:{webs[1]}",
        "SORRY": str(BALANCER / "sorry.http"),
    }
    command = Command(
        name="balancer", arguments=[program, "-db", "-f", BALANCER / "haproxy.cfg"], environ=os.environ | environ
    )
    return Child(command, folder / "balancer.log", folder / "run" / "balancer")
