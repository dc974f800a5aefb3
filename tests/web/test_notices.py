"""The notices of a person: nobody else's, unread at the bell, leading where they belong, in the reader's language."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.identity.permissions import Role
from portal.kit import edge
from portal.kit.db import db
from portal.kit.outbox import DomainEvent
from portal.notifications import in_app, telling
from tests.support import counting, running, shop
from tests.support.callers import client_of
from tests.support.everything import World, tell_owner
from tests.support.forms import forms_of
from tests.support.pages import log_in


@pytest.fixture
def own(app: Flask, whole_world: World, cookies: dict[str, str]) -> FlaskClient:
    """The browser of the owner, who has one unread notice."""
    return client_of(app, cookies["own"])


def unread(page: str) -> str | None:
    """The number at the bell of a page."""
    found = re.search(r'class="bell-count">(\d+\+?)<', page)
    return found.group(1) if found else None


def test_each_page_shows_what_is_unread(own: FlaskClient, whole_world: World) -> None:
    assert unread(own.get("/account").text) == "1"
    edge.write(lambda: tell_owner(whole_world))
    page = own.get("/notices").text
    assert unread(page) == "2"
    assert page.count("notice-unread") == 2
    assert "Your payment is now your credit" in page
    figures = re.findall(r"<dt>([^<]+)</dt>\s*<dd>\s*([^<]+?)\s*</dd>", page)
    assert figures == [("Amount", "£5.00"), ("Collected as", "CN¥45.00")] * 2


@pytest.mark.parametrize("who", ["other", "viewer", "manager"])
def test_nobody_sees_another_s(app: Flask, whole_world: World, cookies: dict[str, str], who: str) -> None:
    browser, before = client_of(app, cookies[who]), whole_world.ids["notice"]
    assert "No notices yet" in browser.get("/notices").text
    assert browser.post(f"/notices/{before}/open").status_code == 404
    assert browser.post("/notices/read", data={"newest": before}).status_code == 303
    assert unread(client_of(app, cookies["own"]).get("/notices").text) == "1"


def test_opening_marks_it_as_read_and_leads_to_its_page(own: FlaskClient, whole_world: World) -> None:
    address = f"/notices/{whole_world.ids['notice']}/open"
    for _ in range(2):
        answer = own.post(address)
        assert (answer.status_code, own.get(answer.location).status_code) == (303, 200)
    page = own.get("/notices").text
    assert "notice-unread" not in page
    assert address not in page
    assert f'href="{answer.location}"' in page
    assert unread(page) is None


def test_all_that_the_list_has_is_marked_as_read(own: FlaskClient, whole_world: World) -> None:
    page = own.get("/notices").text
    [form] = [form for form in forms_of(page) if form.action == "/notices/read"]
    edge.write(lambda: tell_owner(whole_world))
    for _ in range(2):
        assert own.post("/notices/read", data=form.fields).location == "/notices"
    page = own.get("/notices").text
    assert page.count("notice-unread") == 1
    assert "All notices are marked as read." in page


def test_the_list_has_parts(own: FlaskClient, whole_world: World) -> None:
    for _ in range(100):
        edge.write(lambda: tell_owner(whole_world))
    first = own.get("/notices").text
    assert unread(first) == "99+"
    for _ in range(4):
        older = first.split('href="/notices?after=')[1].split('"')[0]
        first = own.get(f"/notices?after={older}").text
    older = first.split('href="/notices?after=')[1].split('"')[0]
    rest = own.get(f"/notices?after={older}").text
    assert (first.count("<time "), rest.count("<time ")) == (in_app.PAGE_SIZE, 1)
    assert f"/notices/{whole_world.ids['notice']}/open" in rest
    assert "Mark all as read" not in rest
    assert 'href="/notices"' in rest


def test_it_is_told_in_the_reader_s_language(own: FlaskClient) -> None:
    own.post("/language", data={"locale": "zh"})
    page = own.get("/notices").text
    assert "您的付款已转为账户余额" in page
    assert "Your payment is now your credit" not in page


def test_it_leads_on_to_what_its_reader_may_do_and_explains_its_amount(client: FlaskClient) -> None:
    def go_over() -> str:
        customer = running.started("starter")
        business = running.business_of(customer)
        shop.make_member(business, "vic@shop.example", Role.VIEWER)
        counting.add(customer, 11)
        for event in db.scalars(select(DomainEvent)):
            telling.tell(event, edge.now())
        return f"/businesses/{business.public_id}"

    home = edge.write(go_over)
    log_in(client, "ann@shop.example")
    page = client.get("/notices").text
    for link in (f'href="{home}/products/fit"', f'href="{home}/products"', 'href="/directory/'):
        assert link in page.split("<main")[1], link
    assert "£1.00 × 1 month = £1.00" in page
    viewer = client.application.test_client()
    log_in(viewer, "vic@shop.example")
    page = viewer.get("/notices").text.split("<main")[1]
    assert ("You have more products" in page, "Choose what to hide" in page) == (True, False)
    assert 'href="/directory/' in page
