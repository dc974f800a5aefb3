"""More products than the tier holds, on its pages: the countdown, the exact charge, and choosing what to hide."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from portal.billing import dunning, product_limits, queries
from portal.directory import businesses, products
from portal.directory.models import Business, Product
from portal.identity.permissions import Role
from portal.insights import invariants
from portal.invoicing import customers
from portal.kit import clock, edge
from portal.kit.db import db as session
from tests.billing.test_restoration import owed
from tests.directory.shops import make_product, make_shop
from tests.support import counting, running, shop
from tests.support.pages import log_in


def make() -> Business:
    """A shop with Starter, paid today, and 12 products."""
    business = shop.make_business(shop.make_owner())
    customer = shop.make_customer(business)
    assert running.paid(customer, shop.make_quote(customer, "starter")) == "paid"
    for number in range(12):
        make_product(business, f"Cake {number:02}", edge.now())
    product_limits.reconcile(business.id, edge.now())
    return business


@pytest.fixture
def business(db: None) -> Iterator[Business]:
    yield edge.write(make)
    assert invariants.violations() == []


@pytest.fixture
def home(business: Business) -> str:
    return f"/businesses/{business.public_id}"


def after(business: Business, **time: int) -> None:
    def pass_time() -> None:
        clock.advance(timedelta(**time))
        product_limits.reconcile(business.id, edge.now())

    edge.write(pass_time)


def shown(business: Business) -> list[str]:
    kept = select(Product.name).where(Product.business_id == business.id, Product.is_hidden.is_(False))
    return list(edge.write(lambda: session.scalars(kept.order_by(Product.id)).all()))


def ids(business: Business) -> dict[str, str]:
    known = select(Product.name, Product.public_id).where(Product.business_id == business.id)
    return edge.write(lambda: {row.name: row.public_id for row in session.execute(known)})


def test_what_is_owed_comes_before_a_larger_tier(client: FlaskClient) -> None:
    def be_late() -> str:
        customer = running.started("starter")
        running.until(running.FIRST + timedelta(days=30))
        dunning.collect(owed(customer).id, edge.now())
        counting.add(customer, 11)
        return f"/businesses/{running.business_of(customer).public_id}"

    home = edge.write(be_late)
    log_in(client, "ann@shop.example")
    page = client.get(f"{home}/products").text
    assert ("Choose what to hide" in page, "Upgrade to Pro" in page) == (True, False)
    assert client.post(f"{home}/plan/quote", data={"tier": "pro"}).status_code == 409


@pytest.mark.parametrize("page", ["/products", "/plan"])
def test_the_countdown_and_the_exact_charge_stand_beside_three_ways_out(
    owner: FlaskClient, business: Business, home: str, page: str
) -> None:
    after(business, minutes=1)
    assert "More products than your tier holds: 7 days left" in owner.get(home + page).text
    after(business, days=1)
    told = owner.get(home + page).text
    assert "More products than your tier holds: 6 days left" in told
    assert "12 of 10" in told
    today, at_end = re.findall(r"<dd>\s*(£[0-9.]+)", told)
    assert float(today[1:]) > float(at_end[1:]) > 0
    for way in (f'action="{home}/plan/quote"', f'href="{home}/products/fit"', f'action="{home}/products/fit/newest"'):
        assert way in told
    quote = owner.post(f"{home}/plan/quote", data={"tier": "pro"}).location
    assert f"Pay {today} by QR" in owner.get(quote).text


def test_hours_are_told_at_last_and_then_what_is_hidden(owner: FlaskClient, business: Business, home: str) -> None:
    after(business, days=6, hours=1)
    assert "23 hours left" in owner.get(f"{home}/plan").text
    after(business, days=1)
    told = owner.get(f"{home}/products").text
    assert "The newest 2 of your 12 products are not in your listing." in told
    assert (told.count("Hidden by the limit"), told.count(">Shown<")) == (2, 10)
    slug = edge.write(lambda: businesses.get_by_public_id(business.public_id).slug)
    listing = owner.get(f"/directory/{slug}").text
    assert ("Cake 09" in listing, "Cake 10" in listing) == (True, False)


def test_what_is_ticked_is_hidden_and_stays_so(owner: FlaskClient, business: Business, home: str) -> None:
    page = owner.get(f"{home}/products/fit").text
    assert "2 products are too many." in page
    known = ids(business)
    stranger = edge.write(lambda: make_product(make_shop("Other", edge.now()), "Theirs", edge.now()).public_id)
    for _ in range(2):
        given = {"product": [known["Cake 00"], known["Cake 05"], stranger], "tier": ""}
        assert owner.post(f"{home}/products/fit", data=given).status_code == 303
    assert shown(business) == [f"Cake {number:02}" for number in range(12) if number not in (0, 5)]
    assert "Everything fits." in owner.get(f"{home}/products/fit").text
    after(business, hours=1)
    assert "If it stays so until" in owner.get(f"{home}/plan").text
    after(business, days=2)
    assert "If it stays so until" not in owner.get(f"{home}/plan").text
    edge.write(lambda: make_product(business, "Cake 12", edge.now()))
    [tiers] = re.findall(r'href="([^"]*)">Compare tiers', owner.get(f"{home}/products").text)
    assert owner.get(tiers).status_code == 200


@pytest.mark.parametrize("given", [{}, {"product": "prd_1"}, {"product": ["", "\x00"]}, {"other": "1"}])
def test_nothing_else_is_taken(owner: FlaskClient, business: Business, home: str, given: dict[str, str]) -> None:
    refused = owner.post(f"{home}/products/fit", data=given | {"tier": "starter"})
    assert (refused.status_code, 'name="tier" value="starter"' in refused.text) == (422, True)
    assert len(shown(business)) == 12
    assert owner.post(f"{home}/products/fit", data=given | {"tier": "gold"}).status_code == 422


def test_one_button_goes_back_under_and_pressed_twice_hides_no_more(
    owner: FlaskClient, business: Business, home: str
) -> None:
    for _ in range(2):
        assert owner.post(f"{home}/products/fit/newest").location == f"{home}/products/fit"
    assert shown(business) == [f"Cake {number:02}" for number in range(10)]
    for page in ("/plan", "/products"):
        assert "If it stays so until" in owner.get(home + page).text, "no worker has counted anew yet"


def test_a_smaller_tier_that_does_not_fit_asks_what_to_hide(owner: FlaskClient, business: Business, home: str) -> None:
    edge.write(lambda: pay_for(business, "pro"))
    quote = owner.post(f"{home}/plan/quote", data={"tier": "starter"}).location
    page = owner.get(quote).text
    assert "2 of your products do not fit" in page
    assert f'href="{home}/products/fit?tier=starter"' in page
    assert "Hide the newest 2" in owner.get(f"{home}/products/fit?tier=starter").text
    assert "Everything fits." in owner.get(f"{home}/products/fit?tier=gold").text
    assert owner.post(f"{home}/products/fit/newest", data={"tier": "starter"}).location.endswith("?tier=starter")
    assert len(shown(business)) == 10
    assert "do not fit" not in owner.get(quote).text


def test_a_smaller_tier_for_the_end_of_the_period_asks_so_too(
    owner: FlaskClient, business: Business, home: str
) -> None:
    edge.write(lambda: pay_for(business, "pro"))
    assert "If it stays so until" in owner.get(f"{home}/plan").text
    assert "do not fit" not in owner.get(f"{home}/plan/next").text
    owner.post(f"{home}/plan/next", data={"tier": "starter"})
    page = owner.get(f"{home}/plan/next").text
    assert "2 of your products do not fit" in page
    assert f'href="{home}/products/fit?tier=starter"' in page


def pay_for(business: Business, tier: str) -> None:
    customer = customers.of_business(business, edge.now())
    assert running.paid(customer, shop.make_quote(customer, tier)) == "paid"


def test_a_smaller_tier_that_would_do_is_one_click_away(owner: FlaskClient, business: Business, home: str) -> None:
    edge.write(lambda: pay_for(business, "pro"))
    edge.write(lambda: products.hide_newest(business.id, 10, edge.now()))
    after(business, hours=0)
    assert "Starter would do" not in owner.get(f"{home}/plan").text
    after(business, days=7)
    page = owner.get(f"{home}/plan").text
    assert "Starter would do" in page
    assert "costs £1.00 a month" in page
    assert owner.post(f"{home}/plan/next", data={"tier": "starter"}).status_code == 303
    assert "Starter would do" not in owner.get(f"{home}/plan").text


def test_only_the_owner_chooses_what_happens_by_itself(owner: FlaskClient, business: Business, home: str) -> None:
    def chosen() -> tuple[bool, bool]:
        customer = customers.find_of_business(business.id)
        found = queries.find_live(customer.id) if customer else None
        assert found is not None
        session.refresh(found)
        return (found.can_grow, found.can_shrink)

    assert 'name="can_grow"' in owner.get(f"{home}/plan").text
    assert owner.post(f"{home}/plan/limit", data={}).status_code == 303
    assert edge.write(chosen) == (False, False)
    assert "Then the newest are hidden." in owner.get(f"{home}/plan").text
    owner.post(f"{home}/plan/limit", data={"can_grow": "y", "can_shrink": "y"})
    assert edge.write(chosen) == (True, True)
    edge.write(lambda: shop.make_member(business, "mona@shop.example", Role.MANAGER, may_spend=True))
    owner.post("/logout")
    log_in(owner, "mona@shop.example")
    assert 'name="can_grow"' not in owner.get(f"{home}/plan").text
    assert owner.post(f"{home}/plan/limit", data={}).status_code == 403
    assert edge.write(chosen) == (True, True)
