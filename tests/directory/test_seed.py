"""The seeded directory: believable, the same every time, and only ever grown."""

import psycopg
import pytest

from portal.cli import seed, seed_shops
from portal.directory import search
from portal.directory.categories import CATEGORIES
from portal.directory.places import COUNTRIES, CURRENCIES, time_zones
from portal.insights import invariants
from portal.kit import edge


@pytest.fixture
def seeded(fresh_database):
    with psycopg.connect(fresh_database, autocommit=True) as connection:
        seed.fill(connection, 60, lambda count: None)
        edge.connect(fresh_database, pool_size=2, application="seed")
        yield connection
        edge.disconnect()


def one(connection, query):
    return connection.execute(query).fetchall()[0]


def test_shops_are_there_listed_and_sound(seeded):
    counts = one(
        seeded,
        "SELECT count(*), sum(product_count), (SELECT count(*) FROM products), "
        "(SELECT count(*) FROM business_entitlements WHERE is_listed), "
        "(SELECT count(*) FROM branches WHERE is_main) FROM businesses",
    )
    assert counts == (60, counts[2], counts[2], 60, 60)
    assert counts[2] > 200
    assert edge.write(lambda: search.search().total) == 60
    assert edge.write(lambda: search.search(text="london").total) > 0
    assert edge.write(invariants.violations) == []


def test_seeding_again_only_adds(seeded):
    before = one(seeded, "SELECT md5(string_agg(b::text, '|' ORDER BY id)) FROM businesses b")
    assert seed.fill(seeded, 50, lambda count: None) == 60
    assert one(seeded, "SELECT md5(string_agg(b::text, '|' ORDER BY id)) FROM businesses b") == before
    assert seed.fill(seeded, 70, lambda count: None) == 70


def test_the_same_number_is_the_same_shop(now):
    first, again = (seed_shops.chunk(range(5, 9), now).rows for _ in range(2))

    assert first == again


def test_what_is_invented_could_be_typed_in(now):
    rows = seed_shops.chunk(range(300), now).rows["businesses"]
    columns = seed_shops.COLUMNS["businesses"].split()
    for row in rows:
        shop = dict(zip(columns, row, strict=True))
        assert shop["category"] in CATEGORIES
        assert shop["country"] in COUNTRIES
        assert shop["currency"] in CURRENCIES
        assert shop["time_zone"] in time_zones()
