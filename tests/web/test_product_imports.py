"""Handing in a file of products, watching it, cancelling it, and reading what is wrong with it."""

import csv
import io

import pytest
from sqlalchemy import func, select

from portal.directory import product_import
from portal.directory.models import Product, ProductImport
from portal.kit import edge
from portal.kit.db import db as session
from tests.support import shop
from tests.support.pages import log_in


@pytest.fixture
def address(client):
    public_id = edge.write(lambda: shop.make_business(shop.make_owner()).public_id)
    log_in(client, "ann@shop.example")
    return f"/businesses/{public_id}/products"


def hand_in(client, address, content, name="list.csv", **more):
    return client.post(f"{address}/import", data={"file": (io.BytesIO(content), name), **more})


def run():
    """Do what the worker does, to the end."""

    def newest():
        return session.scalars(select(ProductImport).order_by(ProductImport.id.desc())).first()

    while edge.write(lambda: newest().finished_at) is None:
        edge.write(lambda: product_import.step(newest().id, edge.now()))


def count():
    return edge.write(lambda: session.scalar(select(func.count()).select_from(Product)))


def test_a_file_is_imported(client, address):
    assert "template.csv" in client.get(f"{address}/import").text
    begun = hand_in(client, address, b"name,price\nA,1\nB,2\n")
    waiting = client.get(begun.location).text
    part = client.get(f"{begun.location}/_progress").text
    run()
    done = client.get(f"{begun.location}/_progress").text

    assert begun.status_code == 303
    assert "0 of 2" in waiting
    assert 'hx-trigger="every 2s"' in part
    assert "<html" not in part
    assert "hx-trigger" not in done
    assert "In your catalogue now: 2 products" in done
    assert count() == 2
    assert "list.csv" in client.get(f"{address}/import").text


def test_a_second_click_leads_to_the_same_import(client, address):
    first, second = (hand_in(client, address, b"name\nA\n") for _ in range(2))
    other = hand_in(client, address, b"name\nB\n")

    assert first.location == second.location
    assert (other.status_code, "still running" in other.text) == (422, True)


def test_what_is_wrong_is_told_by_line(client, address):
    rows = b"".join(b"P%d,x\n" % number for number in range(25))
    begun = hand_in(client, address, b"name,price\nA,1\n" + rows + b"=cmd(),1\n,=1+1\n")
    run()
    page, second = client.get(begun.location).text, client.get(f"{begun.location}?page=2").text
    report = client.get(f"{begun.location}/errors.csv")
    lines = list(csv.reader(io.StringIO(report.text.lstrip("\ufeff"))))

    assert "Nothing was entered" in page
    assert "Write an amount in digits" in page
    assert "Every product needs a name." in second
    assert report.content_type.startswith("text/csv")
    assert lines[1] == ["3", "price", "Write an amount in digits, such as 12.50.", "x"]
    assert lines[-1][3] == "'=1+1"
    assert count() == 0


def test_an_import_is_cancelled_once(client, address):
    begun = hand_in(client, address, b"name\nA\n")

    assert client.post(f"{begun.location}/cancel").status_code == 303
    assert client.post(f"{begun.location}/cancel").status_code == 409
    assert "Cancelled" in client.get(begun.location).text


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x00",
        b"name\n\xff\n",
        b"name,name\nA,B\n",
        b"price\n1\n",
        b"[",
        b"{}",
        b"x" * (5 * 1024 * 1024 + 1),
    ],
    ids=lambda content: f"{content[:12]!r}",
)
def test_a_file_that_cannot_be_read_is_refused_at_its_field(client, address, content):
    answer = hand_in(client, address, content)
    assert answer.status_code == 422
    assert 'id="file-error"' in answer.text


@pytest.mark.parametrize(
    "data", [{}, {"file": "text"}, {"file": (io.BytesIO(b"name\nA\n"), "a.csv"), "business_id": "1"}]
)
def test_other_forms_are_refused(client, address, data):
    answer = client.post(f"{address}/import", data=data, content_type="multipart/form-data")

    assert answer.status_code == 422
    assert "form-errors" in answer.text


@pytest.mark.parametrize("name", ["a\x00.csv", "x" * 300, "../../etc/passwd", "<script>.csv", "‮.csv", " "])
def test_strange_file_names_do_nothing(client, address, name):
    begun = hand_in(client, address, b"name\nA\n", name)

    assert begun.status_code in (303, 422)
    if begun.status_code == 303:
        assert "<script>.csv" not in client.get(begun.location).text


def test_the_file_to_fill_in_can_be_handed_in(client, address):
    template = client.get(f"{address}/import/template.csv")
    hand_in(client, address, template.data)
    run()

    assert count() == 1
