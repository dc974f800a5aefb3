"""Fixtures of the simulation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.simulation.stage import Stage, stage
from tests.support.sandbox import Sandbox
from tests.support.servers import Servers


@pytest.fixture
def lives(servers: Servers, worker_redis: str, sandbox: Sandbox, tmp_path: Path) -> Iterator[Stage]:
    """Where lives are played."""
    with stage(servers, worker_redis, sandbox, tmp_path) as built:
        yield built
