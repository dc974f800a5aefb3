"""Imports: all or nothing, chunk by chunk, safe to run twice, to cancel and to crash."""

import json
from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import func, select

from portal.directory import counting, product_import, products
from portal.directory.errors import BadFile, ImportEnded, ImportRunning
from portal.directory.models import Product, ProductImportRow
from portal.kit.db import db as session
from portal.kit.errors import NotFound
from portal.kit.jobs import StagedJob
from tests.directory.shops import make_product, make_shop
from worker.registry import HANDLERS


@pytest.fixture
def shop(now):
    return make_shop("Lantern", now)


@pytest.fixture(autouse=True)
def _small_chunks(monkeypatch):
    monkeypatch.setattr(product_import, "_CHUNK", 10)


def csv(count, header="name,price,Colour"):
    return (header + "\n" + "".join(f"P{number:03},{number}.50,red\n" for number in range(count))).encode()


def staged():
    query = select(StagedJob).where(StagedJob.name == product_import.IMPORT_PRODUCTS).order_by(StagedJob.id)
    return session.scalars(query).all()


def run_all(found, now):
    """Run the staged steps as the worker does, each once."""
    done = 0
    while done < len(jobs := staged()):
        HANDLERS[jobs[done].name].work(jobs[done].args, now)
        done += 1
    session.refresh(found)
    return done


def count(of=Product):
    return session.scalar(select(func.count()).select_from(of))


def test_all_are_entered_in_the_order_of_the_file(shop, now):
    found = product_import.start(shop, "list.csv", csv(25), now)
    assert run_all(found, now) == 3
    session.refresh(shop)

    page = products.list_page(shop, 1)
    assert (found.state, found.checked_count, found.content) == ("done", 25, None)
    assert shop.product_count == 25
    assert [item.product.name for item in page.items][:2] == ["P000", "P001"]
    assert page.items[2].product.price.amount == 250
    assert page.items[2].product.attributes == {"Colour": "red"}
    assert count(ProductImportRow) == 0


def test_a_burst_of_products_is_counted_once(shop, now):
    run_all(product_import.start(shop, "list.csv", csv(25), now), now)
    for number in range(5):
        make_product(shop, f"Late {number}", now)
    wanted = select(StagedJob.args).where(StagedJob.name == counting.PRODUCTS_COUNTED)
    assert session.scalars(wanted).all() == [{"business_id": str(shop.id)}]


def test_f5_nothing_is_entered_where_one_line_is_wrong(shop, now):
    found = product_import.start(shop, "list.csv", csv(30) + b"Q,not a price,\n,1,\n", now)
    run_all(found, now)

    problems = product_import.list_problems(found)
    assert (found.state, found.error_count, count()) == ("failed", 2, 0)
    assert [(row.line, row.column_name, row.value) for row in problems] == [
        (32, "price", "not a price"),
        (33, "name", ""),
    ]
    assert product_import.list_problems_page(found, 1).total == 2
    assert count(ProductImportRow) == 0


def test_a_hopeless_file_is_given_up_early(shop, now, monkeypatch):
    monkeypatch.setattr(product_import, "MAX_PROBLEMS", 15)
    found = product_import.start(shop, "list.csv", b"name,price\n" + b"P,x\n" * 100, now)
    run_all(found, now)

    assert (found.state, found.error_count, found.checked_count) == ("failed", 15, 20)


def test_f5_a_step_run_twice_does_nothing_twice(shop, now):
    found = product_import.start(shop, "list.csv", csv(25), now)
    for _ in range(8):
        product_import.step(found.id, now)
    product_import.step(UUID(int=0), now)

    assert count() == 25


def test_a_crash_costs_one_chunk(shop, now):
    found = product_import.start(shop, "list.csv", csv(25), now)
    product_import.step(found.id, now)
    lost = session.begin_nested()
    product_import.step(found.id, now)
    lost.rollback()
    session.expire_all()
    assert found.checked_count == 10
    run_all(found, now)

    assert count() == 25


def test_json_is_entered_too(shop, now):
    rows = [{"name": "A", "price": 1.5, "hidden": True, "attributes": {"ml": 250, "vegan": False}}, {"Name": "B"}]
    run_all(product_import.start(shop, "list.json", json.dumps(rows).encode(), now), now)
    first, second = session.scalars(select(Product).order_by(Product.id))

    assert (first.price.amount, first.is_hidden) == (150, True)
    assert first.attributes == {"ml": 250, "vegan": False}
    assert (second.name, second.price) == ("B", None)


def test_what_was_there_stays(shop, now):
    make_product(shop, "Old", now)
    run_all(product_import.start(shop, "list.csv", csv(3), now), now)

    assert count() == 4


def test_a_cancelled_import_enters_nothing(shop, now):
    found = product_import.start(shop, "list.csv", csv(25), now)
    product_import.step(found.id, now)
    product_import.cancel(found, now)
    run_all(found, now)

    assert (found.state, count(), count(ProductImportRow)) == ("cancelled", 0, 0)
    with pytest.raises(ImportEnded):
        product_import.cancel(found, now)


def test_one_at_a_time_and_a_second_click_is_the_same(shop, now):
    found = product_import.start(shop, "list.csv", csv(3), now)

    assert product_import.start(shop, "list.csv", csv(3), now) is found
    with pytest.raises(ImportRunning):
        product_import.start(shop, "other.csv", csv(4), now)
    run_all(found, now)
    assert product_import.start(shop, "list.csv", csv(3), now) is found
    assert product_import.start(shop, "list.csv", csv(3), now + timedelta(hours=1)) is not found


def test_a_file_that_cannot_be_read_is_not_taken_in(shop, now):
    with pytest.raises(BadFile):
        product_import.start(shop, "list.csv", b"name\n\xff\n", now)
    assert product_import.find_newest(shop.id) is None


def test_anothers_import_is_not_found(shop, now):
    other = product_import.start(make_shop("Other", now), "list.csv", csv(1), now)

    with pytest.raises(NotFound):
        product_import.get(shop.id, other.public_id)
