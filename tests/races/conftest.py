"""Where races take place: a database of its own for each run, with room for every racer."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from portal.kit import config, edge, jobs
from portal.kit.config import Settings
from portal.payments.providers import registry
from tests.support import races
from tests.support.databases import cloned
from tests.support.races import Race
from tests.support.servers import Servers

MOST_RACERS = 24


@pytest.fixture
def prove(servers: Servers, settings: Settings) -> Callable[[Race], list[object]]:
    """Run a race with its guards and without them; give what came of each racer with them."""
    config.use(settings)
    registry.configure(settings)
    jobs.wake_with(lambda queues: None)

    @contextmanager
    def databases() -> Iterator[str]:
        with cloned(servers, "race") as url:
            edge.connect(url, pool_size=MOST_RACERS, application="race")
            try:
                yield url
            finally:
                edge.disconnect()

    return lambda race: races.prove(race, databases)
