"""What two do at once in the directory ends as if one had come after the other."""

from uuid import UUID

import pytest
from sqlalchemy import func, select

from portal.directory import branches, businesses, product_import
from portal.directory.models import Branch, Product, ProductImport
from portal.kit import edge
from portal.kit.db import db as session
from tests.directory.shops import make_branch, make_product, make_shop
from tests.directory.test_businesses import GIVEN
from tests.support.races import contend
from tests.support.shop import make_owner

pytestmark = pytest.mark.usefixtures("committing")


def shop_id() -> UUID:
    return edge.write(lambda: make_shop("Lantern", edge.now()).id)


def load(key):
    return businesses.get(key)


def test_the_same_name_at_once_gets_two_addresses():
    owners = [edge.write(lambda n=n: make_owner(f"o{n}@shop.example").id) for n in range(4)]
    results = contend(*[lambda key=key: businesses.register(key, now=edge.now(), **GIVEN).slug for key in owners])

    assert len(set(results)) == 4
    assert all(isinstance(slug, str) for slug in results)


def test_main_branches_made_and_removed_contend():
    key = shop_id()
    names = [edge.write(lambda n=n: make_branch(load(key), f"B{n}", edge.now()).public_id) for n in range(3)]
    works = [lambda name=name: branches.make_main(branches.get(key, name)) for name in names]
    works += [lambda name=name: branches.remove(branches.get(key, name), edge.now()) for name in names]
    contend(*works)

    mains = edge.write(lambda: session.scalars(select(Branch).where(Branch.is_main)).all())
    assert len(mains) == 1


def test_products_entered_at_once_are_all_counted():
    key = shop_id()
    results = contend(*[lambda n=n: make_product(load(key), f"P{n}", edge.now()).id for n in range(10)])

    assert not [result for result in results if isinstance(result, Exception)]
    assert edge.write(lambda: load(key).product_count) == 10


def test_steps_of_one_import_at_once_enter_its_products_once():
    key = shop_id()
    begun = edge.write(lambda: product_import.start(load(key), "a.csv", b"name\nA\nB\n", edge.now()).id)
    contend(*[lambda: product_import.step(begun, edge.now())] * 4)

    count = edge.write(lambda: session.scalar(select(func.count()).select_from(Product)))
    state = edge.write(lambda: session.scalar(select(ProductImport.state)))
    assert (count, state) == (2, "done")


def test_an_import_is_entered_or_cancelled_never_both():
    key = shop_id()
    begun = edge.write(lambda: product_import.start(load(key), "a.csv", b"name\nA\n", edge.now()).public_id)

    def finish():
        product_import.step(product_import.get(key, begun).id, edge.now())

    contend(finish, lambda: product_import.cancel(product_import.get(key, begun), edge.now()))
    count = edge.write(lambda: session.scalar(select(func.count()).select_from(Product)))
    state = edge.write(lambda: session.scalar(select(ProductImport.state)))
    assert (state, count) in (("done", 1), ("cancelled", 0))
