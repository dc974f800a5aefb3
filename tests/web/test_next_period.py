"""What a plan becomes when its period ends, through the page: chosen, replaced, taken back, and ended."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from flask.testing import FlaskClient

from portal.billing import checkout, dunning
from portal.directory.models import Business
from portal.insights import invariants
from portal.invoicing import customers
from portal.kit import clock, edge
from tests.billing.test_restoration import owed
from tests.support import running, shop
from tests.support.pages import log_in


@pytest.fixture
def business(db: None) -> Iterator[Business]:
    """One that pays £3.00 for Pro from the first of a month of 30 days on."""
    yield edge.write(lambda: running.business_of(running.started("pro")))
    assert invariants.violations() == []


def press(owner: FlaskClient, business: Business, verb: str = "", **typed: str) -> str:
    """Press a button of the page and return what it says then."""
    address = f"/businesses/{business.public_id}/plan/next"
    answer = owner.post(address + verb, data=typed)
    assert (answer.status_code, answer.location) == (303, address)
    return owner.get(address).text


def test_a_tier_is_chosen_replaced_and_taken_back(owner: FlaskClient, business: Business) -> None:
    address = f"/businesses/{business.public_id}/plan"
    assert f"{address}/next" in owner.get(address).text
    assert "Take it back" not in owner.get(f"{address}/next").text
    page = press(owner, business, tier="starter")
    assert "Your tier becomes Starter on 1 May 2027" in page
    assert "Chosen for 1 May 2027" in page
    assert "Your tier becomes Starter on 1 May 2027" in owner.get(address).text
    assert "Your plan ends with 30 Apr 2027" in press(owner, business, "/cancel")
    assert "Your plan ends with 30 Apr 2027" in owner.get(address).text
    assert "Take it back" not in press(owner, business, "/take-back")
    assert "30 Apr 2027" not in owner.get(address).text


def test_pressed_twice_is_once_and_too_late_says_so(owner: FlaskClient, business: Business) -> None:
    assert press(owner, business, "/cancel").count("Your plan ends with") == 1
    assert press(owner, business, "/cancel").count("Your plan ends with") == 1
    press(owner, business, "/take-back")
    late = owner.post(f"/businesses/{business.public_id}/plan/next/take-back")
    assert (late.status_code, "nothing to take back" in late.text) == (409, True)
    unknown = owner.post(f"/businesses/{business.public_id}/plan/next", data={"tier": "gold"})
    assert unknown.status_code == 404
    same = owner.post(f"/businesses/{business.public_id}/plan/next", data={"tier": "pro"})
    assert (same.status_code, "This is your tier already" in same.text) == (409, True)
    assert "Something changed meanwhile" not in same.text
    assert f'href="/businesses/{business.public_id}/plan">Go to the plan' in same.text


def test_without_a_plan_it_leads_to_the_tiers(owner: FlaskClient, business: Business) -> None:
    other = edge.write(lambda: shop.make_business(shop.make_owner("bea@shop.example"), "Other").public_id)
    log_in(owner, "bea@shop.example")
    assert "There is no plan to change yet" in owner.get(f"/businesses/{other}/plan/next").text
    assert owner.post(f"/businesses/{other}/plan/next/cancel").status_code == 409
    assert owner.get(f"/businesses/{business.public_id}/plan/next").status_code == 404


def test_the_first_page_says_what_waits_and_what_is_chosen(owner: FlaskClient, business: Business) -> None:
    page = owner.get("/dashboard").text
    assert ("until 30 Apr 2027" in page, "on 1 May 2027" in page) == (True, True)
    press(owner, business, tier="starter")
    assert "Your tier becomes Starter on 1 May 2027" in owner.get("/dashboard").text
    edge.write(lambda: running.until(datetime(2027, 4, 28, tzinfo=UTC)))
    page = owner.get("/dashboard").text
    assert "£1.00, due on 1 May 2027." in page
    assert ("until 30 Apr 2027" in page, "/pay" in page) == (True, True)
    press(owner, business, "/cancel")
    page = owner.get("/dashboard").text
    assert ("Your plan ends with 30 Apr 2027" in page, "Nothing due" in page) == (True, True)


def test_nothing_dearer_is_offered_for_what_is_not_paid(owner: FlaskClient, business: Business) -> None:
    def be_late() -> None:
        running.until(datetime(2027, 5, 1, tzinfo=UTC))
        dunning.collect(owed(customers.of_business(business, edge.now())).id, edge.now())

    edge.write(be_late)
    address = f"/businesses/{business.public_id}/plan/next"
    page = owner.get(address).text
    assert re.findall(r'name="tier"\s+value="(\w+)"', page) == ["starter"]
    assert ("Something is still owed" in page, "Your listing is shown to the end" in page) == (True, False)
    assert "until 31 May 2027" not in owner.get("/dashboard").text
    refused = owner.post(address, data={"tier": "enterprise"})
    assert (refused.status_code, "<h1>Something is still owed</h1>" in refused.text) == (409, True)
    assert "Chosen for" in press(owner, business, tier="starter")
    quote = owner.post(address.replace("/next", "/quote"), data={"tier": "starter"}).location
    assert "It is taken off what you still owe first" in owner.get(quote).text
    assert "Done. £2.00 is off what you owe." in owner.post(f"{quote}/confirm", follow_redirects=True).text


def test_a_plan_whose_next_month_waits_for_a_rate_can_be_ended(owner: FlaskClient, business: Business) -> None:
    edge.write(lambda: clock.advance(datetime(2027, 5, 3, tzinfo=UTC) - edge.now()))
    page = owner.get(f"/businesses/{business.public_id}/plan/next").text
    assert ("the next one is not invoiced yet" in page, "plan is not paid" in page) == (True, False)
    assert "There is no plan to change yet" in press(owner, business, "/cancel")


def test_asleep_it_is_not_said_to_be_shown(owner: FlaskClient, business: Business) -> None:
    def sleep() -> None:
        customer = customers.of_business(business, edge.now())
        quote = checkout.quote_hibernation(customer, None, shop.METHOD, edge.now())
        assert checkout.start_payment(customer, quote, shop.METHOD, edge.now()) is None

    edge.write(sleep)
    page = owner.get(f"/businesses/{business.public_id}/plan/next").text
    assert ("hibernation is paid to the end of 30 Apr 2027" in page, "listing is shown" in page) == (True, False)
    assert "Hibernate instead" not in page
    assert ("Another tier" in page, "Choose what it wakes as" in page) == (False, True)
