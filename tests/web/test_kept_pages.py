"""Public pages out of the cache: never older than the last committed write, and nobody's own."""

import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
import redis
from flask import Flask
from flask.testing import FlaskClient
from jinja2 import UndefinedError

from portal.cli.ports import free_ports
from portal.directory import branches, businesses, products, visibility
from portal.directory.models import Business, Product
from portal.directory.uploads import Photo
from portal.kit import cache, clock, edge, editions, metrics
from portal.kit.db import db
from portal.kit.money import Money
from portal.web import fragments
from tests.directory.shops import make_branch, make_product, make_shop
from tests.support import shop
from tests.support.crash import black_hole
from tests.support.pages import log_in
from tests.support.prices import add_version
from tests.support.settings import SECRET
from tests.support.statements import counted

_MAIN = re.compile(r"<main.*</main>", re.DOTALL)
_TOKEN = re.compile(r'X-CSRFToken": "([^"]+)"')
Saw = Callable[[str], None]


@dataclass
class Street:
    """A listed shop with two places and two products."""

    lantern: Business
    product: Product

    @property
    def addresses(self) -> tuple[str, str, str]:
        """The pages that show it or are kept beside it."""
        return "/directory", "/directory?category=cafe", f"/directory/{self.lantern.slug}"


@pytest.fixture
def shelf(client: FlaskClient, worker_redis: str) -> Iterator[redis.Redis]:
    """Redis as the cache of the application, emptied."""
    with redis.Redis.from_url(worker_redis) as emptied:
        emptied.flushdb()
        cache.connect(worker_redis, SECRET)
        yield emptied
        cache.disconnect()


@pytest.fixture
def street(shelf: redis.Redis) -> Street:
    return edge.write(make_street)


def make_street() -> Street:
    now = edge.now()
    lantern = make_shop("Lantern", now, description="Slow breakfast.")
    make_branch(lantern, "High Street", now)
    second = make_branch(lantern, "Quay", now, city="Dover")
    branches.show([second.id], now)
    return Street(lantern, make_product(lantern, "Flat white", now, price=Money(340, "GBP")))


def write(street: Street, work: Callable[[Street], object]) -> None:
    """Change the street and commit; its rows belong to no transaction any more."""

    def do() -> None:
        db.add_all([street.lantern, street.product])
        work(street)
        db.flush()

    edge.write(do)


def shown(client: FlaskClient, address: str) -> str:
    """What a page shows between its frame."""
    answer = client.get(address)
    found = _MAIN.search(answer.text)
    return f"{answer.status_code} {found.group() if found else answer.text}"


def second_branch(street: Street) -> branches.Branch:
    return branches.list_live(street.lantern.id)[1]


def rename_branch(street: Street) -> None:
    details = {name: getattr(second_branch(street), name) for name in branches.BranchDetails.__annotations__}
    branches.change(second_branch(street), **(details | {"city": "Margate"}))


def profile(street: Street, **changes: str) -> None:
    kept = {name: getattr(street.lantern, name) for name in businesses.Profile.__annotations__}
    businesses.change_profile(street.lantern, **{"profile": kept | changes})


def entitle(street: Street, is_listed: bool, **changes: Any) -> None:
    given: dict[str, Any] = {"product_limit": 10, "tier_code": "starter", "now": edge.now()}
    visibility.set_entitlement(street.lantern.id, is_listed=is_listed, **(given | changes))


def add_photo(street: Street) -> None:
    products.add_photo(street.product, Photo("a" * 40 + ".webp", "b" * 40 + ".webp", 9, 9))


WRITES: dict[str, Callable[[Street], object]] = {
    "a name": lambda street: profile(street, name="Beacon"),
    "a text": lambda street: profile(street, description="Fast lunch."),
    "a category": lambda street: profile(street, category="bar"),
    "a phone": lambda street: profile(street, phone="+44 20 7946 0009"),
    "a logo": lambda street: businesses.set_logo(street.lantern, "c" * 40 + ".webp"),
    "a product more": lambda street: make_product(street.lantern, "Espresso", edge.now()),
    "a price": lambda street: setattr(street.product, "price_amount", 345),
    "a product hidden": lambda street: products.set_hidden(street.product, True, edge.now()),
    "a product less": lambda street: products.remove(street.product, edge.now()),
    "a photo": add_photo,
    "a branch elsewhere": rename_branch,
    "a branch less": lambda street: branches.remove(second_branch(street), edge.now()),
    "another main branch": lambda street: branches.make_main(second_branch(street)),
    "no listing": lambda street: entitle(street, False),
    "products beyond the limit": lambda street: entitle(street, True, product_limit=0, overage_policy=visibility.HIDE),
    "another shop": lambda street: make_shop("Anchor", edge.now()),
}


@pytest.mark.parametrize("name", WRITES)
def test_every_write_shows_at_once(client: FlaskClient, street: Street, name: str) -> None:
    before = {address: shown(client, address) for address in street.addresses}
    assert {address: shown(client, address) for address in street.addresses} == before
    write(street, WRITES[name])
    after = {address: shown(client, address) for address in street.addresses}
    cache.disconnect()
    assert after == {address: shown(client, address) for address in street.addresses}
    assert after != before


def test_what_is_suspended_is_gone_at_once_and_what_comes_back_is_there(client: FlaskClient, street: Street) -> None:
    listing = street.addresses[2]
    for is_listed in (True, False, True, False):
        write(street, lambda street, is_listed=is_listed: entitle(street, is_listed))
        for _ in range(2):
            assert client.get(listing).status_code == (200 if is_listed else 404)
            assert ("Lantern" in client.get("/directory").text) is is_listed
            assert ("Lantern" in client.get("/directory/_results").text) is is_listed


@pytest.mark.usefixtures("shelf")
def test_new_prices_show_from_their_start_by_business_time(client: FlaskClient) -> None:
    assert "£1.00" in client.get("/").text
    edge.write(lambda: add_version(2, {"starter": (777, 10)}, edge.now() + timedelta(days=2)))
    assert "£7.77" not in client.get("/").text
    edge.write(lambda: clock.advance(timedelta(days=2, seconds=1)))
    assert "£7.77" in client.get("/").text


def test_the_first_who_opens_a_page_leaves_nothing_of_theirs_in_it(
    app: Flask, street: Street, shelf: redis.Redis, saw: Saw
) -> None:
    edge.write(lambda: shop.make_owner())
    ann, anybody = app.test_client(), app.test_client()
    log_in(ann, "ann@shop.example")
    pages = ["/", "/directory", "/directory/_results", street.addresses[2]]
    of_ann = {address: ann.get(address).text for address in pages}
    of_anybody = {address: anybody.get(address).text for address in pages}
    tokens = {found.group(1) for page in of_ann.values() if (found := _TOKEN.search(page))}
    kept = b"".join(zlib.decompress(value[32:]) for value in shelf.mget(shelf.keys()) if isinstance(value, bytes))
    for secret in (*tokens, "/dashboard", "ann@shop.example"):
        assert secret not in "".join(of_anybody.values())
        assert secret.encode() not in kept
    assert tokens
    assert all("/dashboard" in of_ann[address] for address in pages if address != "/directory/_results")
    assert of_ann["/directory/_results"] == of_anybody["/directory/_results"], (
        "a fragment has nothing of a person at all"
    )
    saw(f"{shelf.dbsize()} things kept after a log-in opened {len(pages)} pages first; nothing of the log-in in any")


def test_each_language_is_kept_for_itself(app: Flask, street: Street) -> None:
    english, chinese = app.test_client(), app.test_client()
    for _ in range(2):
        for address in ("/", *street.addresses):
            assert 'lang="en-GB"' in english.get(address, headers={"Accept-Language": "en"}).text
            page = chinese.get(address, headers={"Accept-Language": "zh-CN"}).text
            assert shown(english, address)[4:] not in page
            assert re.search("[\u4e00-\u9fff]", _MAIN.findall(page)[0])


@pytest.mark.parametrize("name", fragments.PERSONAL)
def test_a_kept_template_that_looks_at_the_person_fails(app: Flask, name: str) -> None:
    with app.test_request_context("/"), pytest.raises(UndefinedError):
        fragments.render(app.jinja_env.from_string(f"{{{{ {name}() }}}}"), {})


COSTS = {"/": (2, 1), "/directory": (5, 1), "/directory?category=cafe": (5, 1), "listing": (4, 1)}
"""What a page asks of the database when it has to be made, and when it was kept."""


@pytest.mark.parametrize("page", COSTS)
def test_a_kept_page_asks_one_question(client: FlaskClient, street: Street, page: str, saw: Saw) -> None:
    address = street.addresses[2] if page == "listing" else page
    asked = []
    for _ in range(2):
        edge.end()
        with counted() as statements:
            assert client.get(address).status_code == 200
        asked.append(sum("SAVEPOINT" not in statement for statement in statements))
    assert tuple(asked) == COSTS[page]
    saw(f"{page}: {asked[0]} statements made, {asked[1]} kept")


def test_a6_pages_are_the_same_without_redis(client: FlaskClient, street: Street, saw: Saw) -> None:
    pages = ("/", *street.addresses)
    kept = {address: shown(client, address) for address in pages}
    assert {address: shown(client, address) for address in pages} == kept
    cache.connect(f"redis://127.0.0.1:{free_ports(1)[0]}/0", SECRET)
    assert {address: shown(client, address) for address in pages} == kept
    with black_hole() as (url, _):
        cache.connect(url.replace("http", "redis"), SECRET)
        assert {address: shown(client, address) for address in pages} == kept
    saw(f"{len(pages)} public pages: the same out of Redis, with Redis down, and with one that never answers")


def test_hits_are_counted(client: FlaskClient, street: Street) -> None:
    client.get("/directory")
    client.get("/directory")
    told = metrics.exposition().decode()
    assert 'portal_cache_total{kind="web/directory/_results.html",outcome="hit"}' in told


def test_folding_marks_changes_no_edition(client: FlaskClient, street: Street) -> None:
    for number in range(5):
        write(street, lambda street, number=number: profile(street, name=f"Lantern {number}"))
    before = [shown(client, address) for address in street.addresses]
    with counted() as statements:
        edge.write(editions.fold)
        assert [shown(client, address) for address in street.addresses] == before
    assert not [statement for statement in statements if "FROM branches" in statement], "all of it was found"
    assert db.query(editions.ContentMark).filter_by(tag=str(street.lantern.id)).count() == 1


def test_words_places_and_far_pages_are_not_kept(client: FlaskClient, street: Street, shelf: redis.Redis) -> None:
    for query in ("q=lantern", "lat=51&lon=0", "lat=51", "lon=0", "page=6", "category=none", "q=a&q=b"):
        client.get(f"/directory?{query}")
    client.get(f"{street.addresses[2]}?page=6")
    assert shelf.dbsize() == 0
