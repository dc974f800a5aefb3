"""One PostgreSQL and one Redis for a whole run, in a folder that vanishes with it, or in one that is kept.

The controlling process starts them; workers of pytest-xdist are told the addresses and never start their own.
"""

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
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


class OwnPostgres:
    """A PostgreSQL of a test's own, which may be killed and whose disk may be filled; it keeps what it acknowledged."""

    def __init__(self, folder: Path, is_small: bool) -> None:
        self.is_small = is_small
        """Whether it has a little disk of its own that can be filled."""
        self._folder = folder
        self._server = postgres.prepare(folder, None, ports.free_ports(1)[0])
        self.url = self._server.url("postgres")
        self._child: Child | None = None
        self.start()

    def start(self) -> None:
        """Start it (again) and wait until it answers. Main thread only."""
        postgres.prepare(self._folder, None, self._server.port)  # forgives the postmaster that was killed
        self._child = Child(self._server.command(), self._folder / "log", self._folder / "run" / "postgres")
        self._server.wait_until_ready(self._child)

    def kill(self) -> None:
        """End it at once, as the machine's lack of memory would."""
        assert self._child is not None
        self._child.process.kill()
        self._child.process.wait()

    def keep_running(self) -> None:
        """Start it again if it has ended by itself, as its supervisor does."""
        assert self._child is not None
        if not self._child.is_running():
            self.start()

    def fill_the_disk(self) -> None:
        """Leave no byte free."""
        with (self._folder / "ballast").open("wb") as ballast:
            try:
                while True:
                    ballast.write(bytes(65536))
                    ballast.flush()
            except OSError:
                return

    def free_the_disk(self) -> None:
        """Give back what was filled."""
        (self._folder / "ballast").unlink(missing_ok=True)

    def stop(self) -> None:
        """End it."""
        assert self._child is not None
        self._child.stop()


class OwnRedis:
    """A Redis of a test's own, which may be killed; what it was told last may be lost, as it may in production."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._server = valkey.prepare(folder, None, ports.free_ports(1)[0])
        self.url = self._server.url()
        self.start()

    def start(self) -> None:
        """Start it (again) and wait until it answers. Main thread only."""
        self._child = Child(self._server.command(), self._folder / "log", self._folder / "run" / "redis")
        self._server.wait_until_ready(self._child)

    def kill(self) -> None:
        """End it at once."""
        self._child.process.kill()
        self._child.process.wait()

    def stop(self) -> None:
        """End it."""
        self._child.stop()


@contextmanager
def own_postgres(size: str = "400m") -> Iterator[OwnPostgres]:
    """A PostgreSQL on a little disk in memory, or in a plain folder where we may not mount one."""
    folder = Path(tempfile.mkdtemp(prefix="stallholder-own-"))
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    is_small = subprocess.run(mount, check=False, capture_output=True).returncode == 0
    folder.chmod(0o711)
    try:
        server = OwnPostgres(folder, is_small)
        yield server
        server.stop()
    finally:
        if is_small:
            subprocess.run(["umount", "--lazy", str(folder)], check=True)
        shutil.rmtree(folder, ignore_errors=True)
