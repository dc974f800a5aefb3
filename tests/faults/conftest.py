"""A product whose way to its servers can be cut: pages and jobs of the test's own process go through the wire."""

from collections.abc import Iterator

import pytest

from portal.kit import edge
from tests.support.cut_proxy import CutProxy
from tests.support.portal import Portal


@pytest.fixture
def wire(portal: Portal) -> Iterator[CutProxy]:
    """The wire between the product and its database; whole again before the oracle looks."""
    with CutProxy.of(portal.settings.database_url) as proxy:
        edge.connect(proxy.through(portal.settings.database_url), pool_size=12, application="story")
        yield proxy
        edge.connect(portal.settings.database_url, pool_size=12, application="story")
