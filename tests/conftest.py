"""What every test may ask for: servers, databases and a guard that keeps the run on this machine."""

import shutil
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest

from tests.support import evidence, network, proving, spreading
from tests.support.databases import cloned, empty
from tests.support.servers import RunningServers, Servers

pytest_plugins: list[str] = [
    "tests.fixtures.rooms",
    "tests.fixtures.pages",
    "tests.fixtures.stories",
    "tests.fixtures.everybody",
]

_running = RunningServers()


def pytest_configure() -> None:
    network.guard()
    # A slow machine is no fault of the example that was tried on it.
    hypothesis.settings.register_profile("sample", deadline=None, derandomize=True)
    hypothesis.settings.register_profile("everything", deadline=None, max_examples=500, print_blob=True)
    hypothesis.settings.load_profile("everything" if proving.is_everything() else "sample")


def pytest_report_header() -> str:
    """Say how to try the same again."""
    return f"{'everything' if proving.is_everything() else 'a sample'}, PROVING_SEED={proving.seed()}"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes longest, and write into the report what docs/reliability.md needs to know."""
    spreading.longest_first(items)
    for item in items:
        if isinstance(item, pytest.Function) and proving.rows(item.originalname):
            item.user_properties += evidence.properties(item.path, item.originalname)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> spreading.Spreading | None:
    """Share files out among the cores, and the longest of them test by test."""
    return spreading.Spreading(config, log) if config.getoption("dist") == "loadfile" else None


def pytest_configure_node(node: object) -> None:
    """In the controller of pytest-xdist, for each worker: start the servers once and pass their addresses on."""
    servers = _running.start()
    node.workerinput |= {"postgres_url": servers.postgres_url, "redis_url": servers.redis_url}  # type: ignore[attr-defined]


def pytest_unconfigure() -> None:
    _running.stop()


@pytest.fixture(scope="session", autouse=True)
def _leave_no_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Remove the clusters that root's instances keep outside of pytest's folders, which `nobody` cannot enter."""
    yield
    for link in tmp_path_factory.getbasetemp().rglob("postgres"):
        if link.is_symlink():
            shutil.rmtree(link.resolve(), ignore_errors=True)


@pytest.fixture
def saw(request: pytest.FixtureRequest) -> evidence.Saw:
    """Say in figures what a test saw, for docs/reliability.md: ``saw("50 deliveries, 50 × 200, one posting")``."""
    return lambda sentence: request.node.user_properties.append(("seen", sentence))


@pytest.fixture(scope="session")
def servers(request: pytest.FixtureRequest) -> Servers:
    """The addresses of the run's PostgreSQL and Redis."""
    told: dict[str, str] | None = getattr(request.config, "workerinput", None)
    if told is None:
        return _running.start()
    return Servers(postgres_url=told["postgres_url"], redis_url=told["redis_url"])


@pytest.fixture(scope="session")
def worker_database(servers: Servers) -> Iterator[str]:
    """The address of one migrated database for all tests of this process that roll back what they did."""
    with cloned(servers, "worker") as url:
        yield url


@pytest.fixture
def fresh_database(servers: Servers) -> Iterator[str]:
    """The address of a migrated database of the test's own, for tests that commit."""
    with cloned(servers, "fresh") as url:
        yield url


@pytest.fixture
def empty_database(servers: Servers) -> Iterator[str]:
    """The address of a database without any table, for the sandbox's book and for migrations."""
    with empty(servers) as url:
        yield url


@pytest.fixture(scope="session")
def worker_redis(servers: Servers, worker_id: str) -> str:
    """The address of a Redis database that this process shares with no other; flushing it is up to the test."""
    number = int(worker_id.removeprefix("gw")) + 1 if worker_id.startswith("gw") else 0
    return servers.redis_url.removesuffix("/0") + f"/{number % 16}"
