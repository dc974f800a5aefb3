"""One PostgreSQL and one Redis for a whole test run, in a folder that vanishes with it.

The controlling process starts them; workers of pytest-xdist are told the addresses and never start their own.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from portal.cli import databases, ports, postgres, valkey
from portal.cli.processes import Child


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Addresses of the running servers; `postgres_url` names the maintenance database."""

    postgres_url: str
    redis_url: str

    def database_url(self, name: str) -> str:
        """The address of a database on the run's PostgreSQL."""
        return databases.renamed(self.postgres_url, name)


class RunningServers:
    """The servers of this run; started on first need, ended once."""

    def __init__(self) -> None:
        self._children: list[Child] = []
        self._folder: Path | None = None
        self._servers: Servers | None = None

    def start(self) -> Servers:
        """Start both, or give what was started before. Main thread only."""
        if self._servers is None:
            self._folder = Path(tempfile.mkdtemp(prefix="stallholder-tests-"))
            self._folder.chmod(0o711)
            self._servers = self._start(self._folder)
        return self._servers

    def stop(self) -> None:
        """End both and remove their folder."""
        for child in reversed(self._children):
            child.stop()
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, state: Path) -> Servers:
        postgres_port, redis_port = ports.free_ports(2)
        redis = valkey.prepare(state, None, redis_port)
        redis_child = self._spawn(redis, state)
        database = postgres.prepare(state, None, postgres_port, is_forgetful=True)
        database.wait_until_ready(self._spawn(database, state))
        redis.wait_until_ready(redis_child)
        return Servers(postgres_url=database.url("postgres"), redis_url=redis.url())

    def _spawn(self, server: postgres.Postgres | valkey.Valkey, state: Path) -> Child:
        command = server.command()
        child = Child(command, log=state / f"{command.name}.log", record=state / "run" / command.name)
        self._children.append(child)
        return child
