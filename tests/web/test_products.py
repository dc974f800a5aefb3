"""The pages of the catalogue, and every wrong way to fill in their forms."""

import io

import pytest
from PIL import Image
from sqlalchemy import select

from portal.directory import businesses, visibility
from portal.directory.models import Product
from portal.kit import edge
from portal.kit.db import db as session
from tests.directory.shops import make_product
from tests.support import shop
from tests.support.pages import log_in
from tests.web.hostile import INERT, NUMBERS, check_all_refused, check_refused

NEW = {
    "name": "Flat white", "description": "Two shots.\nOat milk.", "price": "3.40", "position": "7",
    "attributes-0-name": "Size", "attributes-0-value": "250", "attributes-1-name": "Vegan",
    "attributes-1-value": "true",
}  # fmt: skip


@pytest.fixture
def business(client):
    public_id = edge.write(lambda: shop.make_business(shop.make_owner()).public_id)
    log_in(client, "ann@shop.example")
    return public_id


@pytest.fixture
def address(business):
    return f"/businesses/{business}/products"


def stored():
    return edge.write(lambda: session.scalars(select(Product).order_by(Product.id)).all())


def enter(client, address):
    return client.post(f"{address}/new", data=NEW).location


def picture(width=90):
    out = io.BytesIO()
    Image.new("RGB", (width, 60), "red").save(out, "PNG")
    return out.getvalue()


def test_a_product_is_entered(client, business, address):
    own = enter(client, address)
    (product,) = stored()

    assert own == f"{address}/{product.public_id}"
    assert (product.name, product.price_amount, product.price_currency) == ("Flat white", 340, "GBP")
    assert product.attributes == {"Size": 250, "Vegan": True}
    page = client.get(own)
    assert all(f'value="{value}"' in page.text for name, value in NEW.items() if name != "description")
    assert "£3.40" in client.get(address).text
    assert client.get("/products").location == address


def test_entering_takes_nothing_wrong(client, address):
    simple = {name: value for name, value in NEW.items() if "-" not in name}
    check_all_refused(client, f"{address}/new", simple)
    for value in (*NUMBERS, "3.405", "£3", "1000000000", "3.4\n", "3 4"):
        check_refused(client, f"{address}/new", simple, "price", value)
    for value in ("-1", "100000", "1.5", "１", "x"):
        check_refused(client, f"{address}/new", simple, "position", value)
    assert stored() == []


@pytest.mark.parametrize(
    "rows",
    [
        {"attributes-0-name": "", "attributes-0-value": "1"},
        {"attributes-1-name": "size"},
        {"attributes-1-name": "x" * 61},
        {"attributes-1-value": "x" * 501},
        {"attributes-1-name": "a\x00b"},
        {"attributes-1-value": "a\u202eb"},
        {f"attributes-{number}-name": f"n{number}" for number in range(31)},
        {"attributes-1-name": ["a", "b"]},
        {"attributes-1-other": "a"},
        {"attributes-100-name": "a"},
        {"attributes": "a"},
    ],
)
def test_attributes_take_nothing_wrong(client, address, rows):
    answer = client.post(f"{address}/new", data=NEW | rows)

    assert answer.status_code == 422
    assert "form-errors" in answer.text
    assert "Two shots." in answer.text
    assert stored() == []


def test_more_rows_keep_what_was_typed(client, address):
    whole = client.post(f"{address}/new", data=NEW | {"add_row": "1", "price": "wrong"})
    part = client.post(f"{address}/new/_attributes", data=NEW | {"add_row": "1"})

    for answer in (whole, part):
        assert answer.status_code == 200
        assert 'value="Vegan"' in answer.text
        assert 'name="attributes-4-name"' in answer.text
    assert 'value="wrong"' in whole.text
    assert "<html" not in part.text
    assert stored() == []


@pytest.mark.parametrize("text", INERT)
def test_strange_texts_do_nothing(client, address, text):
    changed = {"name": text, "description": text, "attributes-0-name": text, "attributes-0-value": text}
    own = client.post(f"{address}/new", data=NEW | changed).location

    assert stored()[0].name == text
    for page in (client.get(address), client.get(own)):
        assert "<script>alert" not in page.text


def test_a_product_is_changed_hidden_and_deleted(client, business, address):
    own = enter(client, address)
    assert client.post(own, data={"name": "Latte"}).status_code == 303
    product = stored()[0]
    assert (product.name, product.price, product.attributes) == ("Latte", None, {})
    for action, is_hidden in (("hide", True), ("hide", True), ("unhide", False)):
        assert client.post(f"{own}/{action}").status_code == 303
        assert stored()[0].is_hidden is is_hidden
    check_refused(client, own, {"name": "Latte", "description": "x"}, "name", "")
    assert client.post(f"{own}/remove").status_code == 303
    assert client.post(f"{own}/remove").status_code == 404
    assert stored() == []


def test_photos_are_added_until_six(client, address):
    own = enter(client, address)
    for width in (10, 10, 20, 30, 40, 50, 60):  # the same picture again takes no second place
        data = {"picture": (io.BytesIO(picture(width)), "photo.png")}
        assert client.post(f"{own}/photos", data=data).status_code == 303
    full = client.post(f"{own}/photos", data={"picture": (io.BytesIO(picture(70)), "photo.png")})
    assert (full.status_code, "at most 6 photos" in full.text) == (422, True)
    for _ in range(2):
        assert client.post(f"{own}/photos/1/remove").status_code == 303
    for data in ({}, {"picture": (io.BytesIO(b"GIF89a"), "a.gif")}):
        refused = client.post(f"{own}/photos", data=data, content_type="multipart/form-data")
        assert (refused.status_code, 'id="picture-error"' in refused.text) == (422, True)
    assert client.post(f"{own}/photos/99999999999999999999/remove").status_code == 303
    assert client.post(f"{own}/photos/x/remove").status_code == 404


def test_the_count_stands_beside_the_limit(client, business, address):
    def build():
        found = businesses.get_by_public_id(business)
        visibility.set_entitlement(found.id, is_listed=True, product_limit=10, tier_code="starter", now=edge.now())
        for number in range(24):
            make_product(found, f"Product {number}", edge.now())

    edge.write(build)
    first, second = client.get(address).text, client.get(f"{address}?page=2").text

    assert "24 of 10" in first
    assert "more than your tier holds" in first
    assert ("Product 19" in first, "Product 20" in first, "Product 23" in second) == (True, False, True)


@pytest.mark.parametrize(
    "query", ["q=product", "q=%00", "q=%E2%80%AE", "q=" + "x" * 500, "page=-1", "page=99999999", "page=x"]
)
def test_strange_addresses_show_a_page(client, address, query):
    enter(client, address)

    assert client.get(f"{address}?{query}").status_code == 200


def test_a_search_finds_in_ones_own_products(client, address):
    enter(client, address)

    assert "Flat white" in client.get(f"{address}?q=WHITE").text
    assert "Nothing found" in client.get(f"{address}?q=black").text
