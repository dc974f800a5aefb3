"""Where the benches run: a PostgreSQL and a Redis of their own that lose nothing, and the filled database on them."""

import fcntl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import click

from portal.cli import databases
from portal.cli.files import state_folder
from tests.benchmarks import data
from tests.support.databases import TEMPLATE
from tests.support.processes import ROOT
from tests.support.servers import RunningServers, Servers
from tests.support.settings import make_environ, provider_keys

FOLDER = ROOT / "var" / "bench"


class Place:
    """The servers, and the product's environment over a database on them."""

    def __init__(self, servers: Servers, folder: Path) -> None:
        self.servers = servers
        self.folder = folder

    @cached_property
    def filled_url(self) -> str:
        """The address of the filled database; benches only read it."""
        return data.ensure(self.servers)

    @cached_property
    def _keys(self) -> dict[str, str]:
        return provider_keys(self.folder / "keys")

    def environ(self, database_url: str, **changes: str) -> Mapping[str, str]:
        """The settings of a product over this database; ``changes`` add to them or replace them."""
        return make_environ(database_url, self.servers.redis_url, self.folder / "state", self._keys | changes)


@contextmanager
def opened() -> Iterator[Place]:
    """Start the servers where their data are kept, for one run of the benches at a time."""
    state_folder(FOLDER)
    with (FOLDER / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise click.ClickException(f"other benches are running in {FOLDER}") from None
        running = RunningServers(kept=FOLDER)
        try:
            servers = running.start()
            databases.drop(servers.postgres_url, TEMPLATE)  # that of an older schema, with old rates
            yield Place(servers, FOLDER)
        finally:
            running.stop()
