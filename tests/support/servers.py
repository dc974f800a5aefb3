"""One PostgreSQL and one Redis for a whole run, in a folder that vanishes with it, or in one that is kept.

The controlling process starts them; workers of pytest-xdist are told the addresses and never start their own.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path

from portal.cli import databases, ports, postgres, valkey
from portal.cli.files import state_folder
from portal.cli.processes import Child, end_left_over


@dataclass(frozen=True, slots=True, kw_only=True)
class Servers:
    """Addresses of the running servers; `postgres_url` names the maintenance database."""

    postgres_url: str
    redis_url: str

    def database_url(self, name: str) -> str:
        """The address of a database on the run's PostgreSQL."""
        return databases.renamed(self.postgres_url, name)


class RunningServers:
    """The servers of a run; started on first need, ended once."""

    def __init__(self, kept: Path | None = None) -> None:
        """Work in a folder of the run's own, or in the ``kept`` one, where nothing written is lost or removed."""
        self._kept = kept
        self._children: list[Child] = []
        self._folder: Path | None = None
        self._servers: Servers | None = None

    def start(self) -> Servers:
        """Start both, or give what was started before. Main thread only."""
        if self._servers is None:
            self._folder = self._kept or Path(tempfile.mkdtemp(prefix="stallholder-tests-"))
            state_folder(self._folder)
            self._servers = self._start(self._folder)
        return self._servers

    def stop(self) -> None:
        """End both and remove their folder, unless it is kept."""
        for child in reversed(self._children):
            child.stop()
        if self._folder and not self._kept:
            shutil.rmtree(self._folder, ignore_errors=True)

    def _start(self, state: Path) -> Servers:
        postgres_port, redis_port = ports.free_ports(2)
        redis = valkey.prepare(state, None, redis_port)
        redis_child = self._spawn(redis, state)
        database = postgres.prepare(state, None, postgres_port, is_forgetful=self._kept is None)
        database.wait_until_ready(self._spawn(database, state))
        redis.wait_until_ready(redis_child)
        return Servers(postgres_url=database.url("postgres"), redis_url=redis.url())

    def _spawn(self, server: postgres.Postgres | valkey.Valkey, state: Path) -> Child:
        command = server.command()
        record = state / "run" / command.name
        end_left_over(record)
        child = Child(command, log=state / f"{command.name}.log", record=record)
        self._children.append(child)
        return child
