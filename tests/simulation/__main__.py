"""``python -m tests.simulation MINUTES``: lives of days and of months without end, each lot by a new seed, until the
time is over.

A life that goes wrong is shortened and told step by step, to be kept in ``test_seeds.py``.
"""

import random
import tempfile
import time
from pathlib import Path

import click

from tests.simulation.machine import Life, live
from tests.simulation.months.machine import Everything
from tests.simulation.stage import stage
from tests.support.databases import empty
from tests.support.sandbox import Sandbox
from tests.support.servers import RunningServers

LOT = 25


@click.command()
@click.argument("minutes", type=float, default=10)
def main(minutes: float) -> None:
    """Play lives for so many minutes."""
    deadline = time.monotonic() + minutes * 60
    running = RunningServers()
    servers = running.start()
    try:
        with (
            tempfile.TemporaryDirectory(prefix="stallholder-lives-") as folder,
            empty(servers) as url,
            Sandbox.start(url, Path(folder) / "keys", log_file=Path(folder) / "log") as sandbox,
            stage(servers, servers.redis_url, sandbox, Path(folder)) as lives,
        ):
            while time.monotonic() < deadline:
                seed = random.SystemRandom().randrange(10**6)
                click.echo(f"seed {seed}")
                for kind in (Life, Everything):
                    live(lives, LOT, seed, kind=kind)
                    click.echo(lives.told())
    finally:
        running.stop()


if __name__ == "__main__":
    main()
