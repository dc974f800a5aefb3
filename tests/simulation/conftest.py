"""Fixtures of the simulation."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from portal.currency.feed import FETCH_RATES
from tests.simulation.stage import Stage, stage
from tests.support.sandbox import Sandbox
from tests.support.servers import Servers
from worker import schedule


@pytest.fixture
def lives(
    servers: Servers, worker_redis: str, sandbox: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Stage]:
    """Where lives are played; the rates stand still, as the model has only one of each."""
    still = tuple(entry for entry in schedule.SCHEDULE if entry.job != FETCH_RATES)
    monkeypatch.setattr(schedule, "SCHEDULE", still)
    with stage(servers, worker_redis, sandbox, tmp_path) as built:
        yield built
