"""Hibernating and waking through the pages: everything is said before, and hidden and shown at once."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from portal.billing import dunning
from portal.directory.models import Business
from portal.identity.permissions import Role
from portal.insights import invariants
from portal.invoicing.customers import of_business
from portal.kit import edge
from portal.payments.queries import get_session
from tests.billing.test_restoration import hidden, owed
from tests.support import running, shop
from tests.support.pages import log_in


@pytest.fixture
def business(db: None) -> Iterator[Business]:
    """One that pays £3.00 for Pro from the first of a month of 30 days on."""
    yield edge.write(lambda: running.business_of(running.started("pro")))
    assert invariants.violations() == []


def quote(owner: FlaskClient, business: Business, way: str, **typed: str) -> str:
    answer = owner.post(f"/businesses/{business.public_id}/hibernation/{way}", data=typed)
    assert answer.status_code == 303
    return str(answer.location)


def hibernate(owner: FlaskClient, business: Business, **typed: str) -> None:
    assert owner.post(quote(owner, business, "quote", **typed) + "/confirm").status_code == 303


def test_the_quote_says_everything_before_and_confirming_hides_at_once(owner: FlaskClient, business: Business) -> None:
    address = f"/businesses/{business.public_id}"
    assert f"{address}/hibernation" in owner.get(f"{address}/plan").text
    edge.write(lambda: shop.make_branch(business, "Not paid for yet"))
    assert "You pay £0.50 a month instead of £3.00" in owner.get(f"{address}/hibernation").text
    shown = quote(owner, business, "quote", wakes_on="2027-04-20")
    page = owner.get(shown).text
    for told in (
        "£0.50 × 30 of 30 days = £0.50",
        "Pro tier, given back",
        "Nothing is deleted",
        "On 20 Apr 2027 it wakes",
    ):
        assert told in page
    assert owner.get(f"/directory/{business.slug}").status_code == 200

    assert owner.post(shown + "/confirm").location == f"{address}/hibernation"

    assert owner.get(f"/directory/{business.slug}").status_code == 404
    assert "20 Apr 2027" in owner.get(f"{address}/hibernation").text
    assert "Hibernating" in owner.get("/dashboard").text


def test_what_wakes_and_when_is_chosen_free_and_waking_is_paid(owner: FlaskClient, business: Business) -> None:
    hibernate(owner, business)
    address = f"/businesses/{business.public_id}"
    page = owner.get(f"{address}/plan").text
    assert re.findall(r'name="tier"\s+value="(\w+)"', page) == ["starter", "enterprise"]
    assert owner.post(f"{address}/hibernation/tier", data={"tier": "enterprise"}).status_code == 303
    assert "Enterprise" in owner.get(f"{address}/hibernation").text
    assert owner.post(f"{address}/hibernation/day", data={"wakes_on": "2027-05-02"}).status_code == 303
    assert owner.post(f"{address}/plan/quote", data={"tier": "starter"}).status_code == 409

    payment = str(owner.post(quote(owner, business, "wake") + "/confirm").location)
    assert "Waking from hibernation" in owner.get(payment).text
    session = payment.removeprefix("/pay/")
    assert edge.write(lambda: running.pay(get_session(session))) == "paid"

    assert owner.get(f"/directory/{business.slug}").status_code == 200
    assert owner.post(f"{address}/hibernation/wake").status_code == 409


@pytest.mark.parametrize("day", ["2027-04-01", "2020-01-01", "2031-01-01", "tomorrow", "9999-12-31"])
def test_a_day_that_cannot_be_is_told_at_its_field(owner: FlaskClient, business: Business, day: str) -> None:
    address = f"/businesses/{business.public_id}/hibernation"
    assert owner.post(f"{address}/quote", data={"wakes_on": day}).status_code == 422
    hibernate(owner, business)
    answer = owner.post(f"{address}/day", data={"wakes_on": day})
    assert answer.status_code == 422
    assert 'id="wakes_on-error"' in answer.text
    assert edge.write(lambda: running.subscription_of(of_business(business, edge.now())).wakes_on) is None


def test_the_team_may_look_and_only_who_pays_decides(owner: FlaskClient, business: Business) -> None:
    address = f"/businesses/{business.public_id}/hibernation"
    edge.write(lambda: shop.make_member(business, "cy@shop.example", Role.MANAGER))
    manager = owner.application.test_client()
    log_in(manager, "cy@shop.example")
    page = manager.get(address).text
    assert "Only the owner can decide this" in page
    assert f'action="{address}' not in page
    assert manager.post(f"{address}/quote").status_code == 403


def test_without_a_plan_the_page_leads_to_one(owner: FlaskClient, business: Business) -> None:
    edge.write(lambda: shop.make_business(shop.make_owner("bob@shop.example"), "Other"))
    other = owner.application.test_client()
    log_in(other, "bob@shop.example")
    assert other.get(f"/businesses/{business.public_id}/hibernation").status_code == 404
    own = re.findall(r'href="(/businesses/biz_\w+)/plan"', other.get("/dashboard").text)[0]
    assert "There is nothing to hibernate yet" in other.get(f"{own}/hibernation").text


@pytest.mark.parametrize("is_asleep", [False, True])
def test_what_is_owed_comes_before_sleeping_and_waking(owner: FlaskClient, business: Business, is_asleep: bool) -> None:
    address = f"/businesses/{business.public_id}/hibernation"
    if is_asleep:
        hibernate(owner, business)
    edge.write(lambda: be_late(business))
    assert (f'action="{address}/quote"' in owner.get(address).text) is not is_asleep, "to sleep costs less"
    assert f'action="{address}/wake"' not in owner.get(address).text
    edge.write(lambda: hidden(of_business(business, edge.now())))
    page = owner.get(address).text
    assert ("Your plan is suspended" in page, "Something is still owed" in page) == (True, False)
    assert not re.findall(rf'action="{address}/(?:quote|wake)"', page)
    assert owner.post(f"{address}/{'wake' if is_asleep else 'quote'}").status_code == 409
    plan = address.replace("/hibernation", "/plan")
    page = owner.get(plan).text
    assert ("Bring your plan back" in page, "Bring your listing back" in page) == (is_asleep, not is_asleep)
    assert ">Wake it<" not in page
    back = owner.get(owner.post(f"{plan}/quote", data={"tier": "pro"}).location).text
    assert f"Your {'plan' if is_asleep else 'listing'} comes back" in back


def be_late(business: Business) -> None:
    """Let months go by, which credit pays as long as there is some, until one is overdue."""
    customer = of_business(business, edge.now())
    while not [one for one in running.invoices_of(customer) if one.status == "open"]:
        running.until(edge.now() + timedelta(days=30))
    dunning.collect(owed(customer).id, edge.now())
