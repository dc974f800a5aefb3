"""Products: the database counts them, lists are in order, searches take signs literally, photos have six places."""

import pytest
from sqlalchemy import event, text
from sqlalchemy.exc import IntegrityError

from portal.directory import products
from portal.directory.errors import TooManyPhotos
from portal.directory.uploads import Photo
from portal.kit.db import db as session
from portal.kit.errors import NotFound
from portal.kit.money import Money
from tests.directory.shops import make_product, make_shop


@pytest.fixture
def shop(now):
    return make_shop("Lantern", now)


def counts(shop):
    session.refresh(shop)
    return shop.product_count, shop.hidden_product_count


def names(page):
    return [item.product.name for item in page.items]


def test_the_database_counts(shop, now):
    first, second = make_product(shop, "A", now), make_product(shop, "B", now, is_hidden=True)
    assert counts(shop) == (1, 1)
    products.set_hidden(second, False, now)
    products.set_hidden(second, False, now)
    assert counts(shop) == (2, 0)
    products.remove(first, now)
    assert counts(shop) == (1, 0)
    session.execute(text("UPDATE products SET is_hidden = true; DELETE FROM products WHERE name = 'none'"))
    assert counts(shop) == (0, 1)


def test_a_product_may_move_to_no_other_count_by_itself(shop, now):
    other = make_shop("Other", now)
    make_product(shop, "A", now)
    session.execute(text("UPDATE products SET business_id = :other"), {"other": other.id})

    assert (counts(shop), counts(other)) == ((0, 0), (1, 0))


def test_pages_are_in_order(shop, now):
    for number in range(45):
        make_product(shop, f"P{number:02}", now, position=1)
    make_product(shop, "First", now, position=0, is_hidden=True)
    counts(shop)

    assert names(products.list_page(shop, 1))[:2] == ["First", "P00"]
    assert names(products.list_page(shop, 3)) == [f"P{number}" for number in range(39, 45)]
    assert products.list_page(shop, 9).items == []
    assert names(products.list_shown_page(shop, 1, None))[0] == "P00"
    assert products.list_shown_page(shop, 1, None).total == 45
    assert names(products.list_newest_page(shop, 1))[0] == "P44"


def test_of_too_many_the_oldest_are_shown_wherever_they_stand(shop, now):
    for position in (3, 1, 2):
        make_product(shop, f"At {position}", now, position=position)
    counts(shop)
    page = products.list_shown_page(shop, 1, 2)
    assert (names(page), page.total) == (["At 1", "At 3"], 2)
    for limit in (3, 4):
        page = products.list_shown_page(shop, 1, limit)
        assert (names(page), page.total) == (["At 1", "At 2", "At 3"], 3)


def test_hiding_the_newest_twice_hides_them_once_and_what_is_not_ones_own_is_left_alone(shop, now):
    stranger = make_product(make_shop("Other", now), "Theirs", now)
    made = [make_product(shop, f"P{number}", now) for number in range(5)]
    products.hide(shop.id, [stranger.public_id, made[0].public_id], now)
    for _ in range(2):
        products.hide_newest(shop.id, 3, now)
    session.expire_all()
    assert [product.is_hidden for product in (*made, stranger)] == [True, False, False, False, True, False]


@pytest.mark.parametrize(("asked", "found"), [("50%", ["50% off"]), ("_", ["a_b"]), ("OFF", ["50% off"]), ("\\", [])])
def test_a_search_takes_signs_literally(shop, now, asked, found):
    for name in ("50% off", "a_b", "plain"):
        make_product(shop, name, now)
    make_product(make_shop("Other", now), "50% off", now)

    assert names(products.list_page(shop, 1, asked)) == found


def test_a_page_asks_a_fixed_number_of_questions(shop, now):
    for number in range(20):
        product = make_product(shop, f"P{number}", now)
        products.add_photo(product, Photo(f"{number}.webp", f"t{number}.webp", 9, 9))
    counts(shop)
    asked = []
    event.listen(session.connection(), "before_cursor_execute", lambda *given: asked.append(given[2]))
    page = products.list_page(shop, 1)

    assert len(asked) == 2
    assert page.items[3].thumb == "t3.webp"


def test_photos_fill_the_first_free_place(shop, now):
    product = make_product(shop, "A", now)
    for number in range(6):
        products.add_photo(product, Photo(f"{number}.webp", "t.webp", 9, 9))
    products.add_photo(product, Photo("0.webp", "t.webp", 9, 9))
    with pytest.raises(TooManyPhotos):
        products.add_photo(product, Photo("7.webp", "t.webp", 9, 9))
    products.remove_photo(product, 2)
    products.remove_photo(product, 2)
    products.add_photo(product, Photo("7.webp", "t.webp", 9, 9))

    assert [photo.photo for photo in products.list_photos(product.id)] == [f"{n}.webp" for n in (0, 7, 2, 3, 4, 5)]


def test_changing_replaces_everything(shop, now):
    product = make_product(shop, "A", now, price=Money(0, "GBP"), attributes={"milk": "oat", "ml": 250})
    assert product.price == Money(0, "GBP")
    details = {"name": "B", "description": "", "price": None, "attributes": {}, "position": 2, "is_hidden": True}
    products.change(product, now=now, **details)
    session.refresh(product)

    assert (product.name, product.price, product.attributes, product.is_hidden) == ("B", None, {}, True)


def test_anothers_product_is_not_found(shop, now):
    other = make_product(make_shop("Other", now), "A", now)

    with pytest.raises(NotFound):
        products.get(shop.id, other.public_id)


@pytest.mark.parametrize(
    "change",
    ["price_amount = -1, price_currency = 'GBP'", "price_amount = 1", "name = ''", "attributes = '[]'"],
)
def test_the_database_refuses_too(shop, now, change):
    make_product(shop, "A", now)

    with pytest.raises(IntegrityError):
        session.execute(text(f"UPDATE products SET {change}"))  # noqa: S608 - our own words
