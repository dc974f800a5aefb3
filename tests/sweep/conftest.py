"""The sweeper of a test process, and the one point that somebody wants to see again."""

from collections.abc import Iterator

import pytest

from tests.support.sandbox import Sandbox
from tests.support.servers import Servers
from tests.sweep.sweeper import Sweeper


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--point", help="sweep only this point, by the name that a failure gave")


@pytest.fixture(scope="module")
def sweeper(
    servers: Servers, worker_redis: str, _sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Sweeper]:
    with Sweeper(servers, worker_redis, _sandbox, tmp_path_factory.mktemp("sweep")) as sweeper:
        yield sweeper
