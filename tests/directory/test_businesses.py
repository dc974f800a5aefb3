"""Registering a business: its owner, its address, and everything it refuses."""

import pytest
from sqlalchemy import select, text

from portal.directory import businesses, visibility
from portal.directory.categories import CATEGORIES
from portal.directory.errors import NoSuchChoice, SameBusiness
from portal.identity import queries
from portal.kit.db import db as session
from portal.kit.errors import NotFound
from portal.kit.outbox import DomainEvent
from tests.support.shop import make_owner

GIVEN = {
    "name": "Lantern Coffee", "category": "cafe", "description": "", "email": "", "phone": "", "website": "",
    "country": "GB", "currency": "GBP", "time_zone": "Europe/London",
}  # fmt: skip


def test_whoever_registers_owns_it(now):
    owner = make_owner()
    business = businesses.register(owner.id, now=now, **GIVEN)

    member = queries.find_member(business.id, owner.id)
    event = session.scalars(select(DomainEvent).where(DomainEvent.name == businesses.BUSINESS_REGISTERED)).one()
    assert member.role == "owner"
    assert event.subject == business.public_id
    assert visibility.status(business.id) == "draft"


@pytest.mark.parametrize(
    ("name", "start"),
    [
        ("Lantern Coffee", "lantern-coffee"),
        ("  Café  Zoë's & Söhne! ", "cafe-zoes-sohne"),
        ("老王咖啡馆", "shop-"),
        ("---", "shop-"),
        ("x" * 120, "x" * 60),
    ],
)
def test_the_address_is_made_of_the_name(now, name, start):
    business = businesses.register(make_owner().id, now=now, **GIVEN | {"name": name})

    assert business.slug.startswith(start)


def test_addresses_differ_and_stay(now):
    first = businesses.register(make_owner("a@shop.example").id, now=now, **GIVEN)
    second = businesses.register(make_owner("b@shop.example").id, now=now, **GIVEN)
    profile = {name: GIVEN[name] for name in ("category", "description", "email", "phone", "website")}
    businesses.change_profile(first, {"name": "Another", **profile})

    assert first.slug == "lantern-coffee"
    assert second.slug.startswith("lantern-coffee-")


def test_a_second_click_makes_no_second_business(now):
    owner = make_owner()
    businesses.register(owner.id, now=now, **GIVEN)

    with pytest.raises(SameBusiness):
        businesses.register(owner.id, now=now, **GIVEN | {"name": "LANTERN COFFEE"})


@pytest.mark.parametrize(
    ("field", "value"),
    [("category", "casino"), ("country", "XX"), ("currency", "XAU"), ("time_zone", "Mars/Olympus"), ("category", "")],
)
def test_choices_are_of_their_lists(now, field, value):
    with pytest.raises(NoSuchChoice) as refused:
        businesses.register(make_owner().id, now=now, **GIVEN | {field: value})
    assert set(refused.value.fields) == {field}


def test_what_is_not_there_is_not_found(now):
    with pytest.raises(NotFound):
        businesses.get_by_public_id("biz_none")


def test_the_database_knows_the_same_categories(db):
    assert set(session.scalars(text("SELECT code FROM categories"))) == set(CATEGORIES)


def test_status_follows_the_entitlement(now):
    business = businesses.register(make_owner().id, now=now, **GIVEN)
    for is_listed, word in ((True, "listed"), (False, "unlisted"), (True, "listed")):
        visibility.set_entitlement(business.id, is_listed=is_listed, product_limit=10, tier_code="starter", now=now)
        assert visibility.status(business.id) == word
