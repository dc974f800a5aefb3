"""The filled database that pages are measured on, made small: what it is made of holds to every rule of the books."""

from portal.cli import databases
from tests.benchmarks import data
from tests.support.servers import Servers


def test_a_small_one_is_sound(servers: Servers) -> None:
    name = "bench_small"
    try:
        data.make(servers, name, data.Size(shops=60, products=900, payments=600, payments_of_first=60))
    finally:
        databases.drop(servers.postgres_url, name)
