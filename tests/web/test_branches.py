"""The pages of branches, and every wrong way to fill in their form."""

import pytest
from sqlalchemy import func, select

from portal.directory import branches, businesses
from portal.directory.models import Branch
from portal.kit import edge
from portal.kit.db import db as session
from tests.directory.shops import make_shop
from tests.support import shop
from tests.support.pages import log_in
from tests.web.hostile import INERT, NUMBERS, check_all_refused, check_refused

NEW = {
    "name": "High Street", "address_line1": "12 High Street", "address_line2": "First floor", "city": "Brighton",
    "postcode": "BN1 1AA", "country": "GB", "latitude": "50.822500", "longitude": "-0.137200",
    "phone": "+44 20 7946 0002", "opening_hours": "Mon–Fri 9–17",
}  # fmt: skip


@pytest.fixture
def business(client):
    """Ann's shop with its main branch; Ann is logged in."""
    public_id = edge.write(lambda: shop.make_business(shop.make_owner()).public_id)
    log_in(client, "ann@shop.example")
    return public_id


@pytest.fixture
def address(business):
    return f"/businesses/{business}/branches"


def stored(business):
    return edge.write(lambda: branches.list_live(businesses.get_by_public_id(business).id))


def test_the_first_branch_is_offered_as_the_main_one(client):
    def build():
        owner = shop.make_owner()
        given = {"category": "cafe", "description": "", "email": "", "phone": "", "website": ""}
        place = {"country": "GB", "currency": "GBP", "time_zone": "Europe/London"}
        return businesses.register(owner.id, now=edge.now(), name="New", **given, **place).public_id

    business = edge.write(build)
    log_in(client, "ann@shop.example")
    assert "Add your main branch" in client.get(f"/businesses/{business}/branches/new").text
    client.post(f"/businesses/{business}/branches/new", data=NEW)

    assert [branch.is_main for branch in stored(business)] == [True]


def test_a_branch_is_added_and_waits(client, business, address):
    answer = client.post(f"{address}/new", data=NEW)
    page = client.get(address)
    added = stored(business)[1]

    assert (answer.status_code, answer.location) == (303, address)
    assert {name: str(getattr(added, name)) for name in NEW} == NEW
    assert added.shown_since is None
    assert "Shown once paid" in page.text
    assert "12 High Street, First floor, Brighton, BN1 1AA, United Kingdom" in page.text
    assert client.get("/branches").location == address


def test_a_second_click_adds_nothing(client, business, address):
    client.post(f"{address}/new", data=NEW)
    answer = client.post(f"{address}/new", data=NEW)

    assert (answer.status_code, len(stored(business))) == (422, 2)
    assert 'id="name-error"' in answer.text


def test_adding_takes_nothing_wrong(client, business, address):
    check_all_refused(client, f"{address}/new", NEW)
    wrong = {
        "name": [""], "address_line1": ["", " "], "city": [""], "country": ["", "UK", "xx"], "phone": ["call us"],
        "latitude": ["91", "-90.1", "north", "51,5", *NUMBERS[:4], "51.5°"], "longitude": ["181", "-180.01", "1e2"],
        "postcode": ["x" * 21, "a\nb"],
    }  # fmt: skip
    for name, values in wrong.items():
        for value in values:
            if value not in ("-1",):
                check_refused(client, f"{address}/new", NEW, name, value)
    half = client.post(f"{address}/new", data=NEW | {"latitude": ""})
    assert (half.status_code, half.text.count("Give both latitude and longitude")) == (422, 4)
    assert len(stored(business)) == 1


def test_the_decimals_of_a_place_are_no_card(client, business, address):
    place = {"latitude": "\N{MINUS SIGN}0.5386788058797310", "longitude": "4.11111111111111111111"}
    assert client.post(f"{address}/new", data=NEW | place).status_code == 303

    branch = stored(business)[1]
    assert (str(branch.latitude), str(branch.longitude)) == ("-0.538679", "4.111111")


@pytest.mark.parametrize("text", INERT)
def test_strange_texts_do_nothing(client, business, address, text):
    assert client.post(f"{address}/new", data=NEW | {"name": text, "opening_hours": text}).status_code == 303

    assert stored(business)[1].name == text
    assert "<script>alert" not in client.get(address).text


def test_a_branch_is_edited(client, business, address):
    main = stored(business)[0]
    assert 'value="Main"' in client.get(f"{address}/{main.public_id}").text
    answer = client.post(f"{address}/{main.public_id}", data=NEW | {"latitude": "", "longitude": ""})
    again = client.post(f"{address}/{main.public_id}", data=NEW)

    assert (answer.status_code, again.status_code) == (303, 303)
    assert stored(business)[0].name == "High Street"
    check_all_refused(client, f"{address}/{main.public_id}", NEW)


def test_another_becomes_the_main_branch(client, business, address):
    client.post(f"{address}/new", data=NEW)
    second = stored(business)[1]
    for _ in range(2):
        assert client.post(f"{address}/{second.public_id}/main").status_code == 303

    assert [(branch.name, branch.is_main) for branch in stored(business)] == [("High Street", True), ("Main", False)]


def test_a_branch_is_removed_but_not_the_main_one(client, business, address):
    client.post(f"{address}/new", data=NEW)
    main, second = stored(business)

    refused = client.post(f"{address}/{main.public_id}/remove")
    assert (refused.status_code, "cannot be removed" in refused.text) == (409, True)
    assert client.post(f"{address}/{second.public_id}/remove").status_code == 303
    assert client.post(f"{address}/{second.public_id}/remove").status_code == 404
    assert [branch.name for branch in stored(business)] == ["Main"]


def test_anothers_branch_is_not_there_under_ones_own_address(client, business, address):
    def build():
        other = make_shop("Other", edge.now())
        shop.make_branch(other, "Main")
        return branches.list_live(other.id)[0].public_id

    foreign = edge.write(build)
    assert client.get(f"{address}/{foreign}").status_code == 404
    for action in ("", "/main", "/remove"):
        assert client.post(f"{address}/{foreign}{action}", data=NEW).status_code == 404
    assert edge.write(lambda: session.scalar(select(func.count()).where(Branch.name == "Main"))) == 2
