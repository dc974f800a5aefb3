"""A database that commits, for what happens at once."""

from collections.abc import Iterator

import pytest

from portal.kit import edge, jobs


@pytest.fixture
def committing(fresh_database: str) -> Iterator[None]:
    """The product's session over a database of the test's own."""
    jobs.wake_with(lambda queues: None)
    edge.connect(fresh_database, pool_size=20, application="races")
    yield
    edge.disconnect()
