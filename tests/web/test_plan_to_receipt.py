"""The pages from the tiers to the receipt, as a vendor uses them; and who may open which."""

import re
from collections.abc import Iterator
from datetime import timedelta

import pytest
from flask.testing import FlaskClient

from portal.directory import branches
from portal.directory.models import Business
from portal.identity.permissions import Role
from portal.insights import invariants
from portal.kit import clock, edge
from portal.payments.queries import get_session
from tests.support import running, shop
from tests.support.pages import log_in
from tests.support.prices import OLD, add_version


def make() -> Business:
    business = shop.make_business(shop.make_owner())
    shop.make_branch(business, "Second")
    return business


@pytest.fixture
def business(db: None) -> Iterator[Business]:
    yield edge.write(make)
    assert invariants.violations() == []


def quote_address(owner: FlaskClient, business: Business, tier: str = "pro") -> str:
    answer = owner.post(f"/businesses/{business.public_id}/plan/quote", data={"tier": tier})
    assert answer.status_code == 303
    return str(answer.location)


def confirm(owner: FlaskClient, business: Business, tier: str = "pro") -> str:
    answer = owner.post(quote_address(owner, business, tier) + "/confirm")
    assert answer.status_code == 303
    return str(answer.location)


def pay(public_id: str) -> str:
    return running.pay(get_session(public_id))


def test_the_quote_explains_every_line_and_the_rate(owner: FlaskClient, business: Business) -> None:
    page = owner.get(quote_address(owner, business)).text
    assert "£3.00 × 1 month = £3.00" in page
    assert "£1.00 × 1 month = £1.00" in page
    assert "CN¥36.00" in page
    assert "1 GBP = 9.000000 CNY" in page


def test_confirming_twice_leads_to_the_same_payment(owner: FlaskClient, business: Business) -> None:
    address = quote_address(owner, business) + "/confirm"
    first, second = owner.post(address).location, owner.post(address).location
    assert first == second
    assert re.fullmatch(r"/pay/ps_\w{22}", first)


def test_a_moved_quote_is_shown_anew_instead_of_charged(owner: FlaskClient, business: Business) -> None:
    address = quote_address(owner, business)
    edge.write(lambda: shop.make_branch(business, "Third"))
    answer = owner.post(address + "/confirm")
    assert answer.status_code == 303
    assert answer.location != address
    page = owner.get(answer.location).text
    assert "Something changed since you looked" in page
    assert "£5.00" in page


def test_the_receipt_is_found_from_the_history(owner: FlaskClient, business: Business) -> None:
    public_id = confirm(owner, business).removeprefix("/pay/")
    assert edge.write(lambda: pay(public_id)) == "paid"

    history = owner.get("/history").text
    receipt = re.search(r'href="(/businesses/\w+/history/payments/txn_\w+)"', history)
    assert receipt
    page = owner.get(receipt[1]).text
    for expected in ("Receipt", "INV-", "Harbour Directory", "Lantern Coffee", "£3.00 × 1 month = £3.00", "CN¥36.00"):
        assert expected in page
    invoices = owner.get("/history/invoices").text
    invoice = re.search(r'href="(/businesses/\w+/history/invoices/inv_\w+)"', invoices)
    assert invoice
    assert "INV-" in owner.get(invoice[1]).text
    assert owner.get("/history/payments.csv").text.count("\n") == 2
    assert owner.get("/history/invoices.csv").text.count("\n") == 2


def test_the_payer_sees_code_time_and_amount_without_a_log_in(owner: FlaskClient, business: Business) -> None:
    address = confirm(owner, business)
    stranger = owner.application.test_client()
    page = stranger.get(address).text
    assert "CN¥36.00" in page
    assert f'hx-get="{address}/status"' in page
    assert "Cancel" not in page
    assert stranger.post(f"{address}/cancel").status_code == 404


def test_the_fragment_stops_asking_when_its_state_is_final(owner: FlaskClient, business: Business) -> None:
    address = confirm(owner, business)
    assert "every 500ms" in owner.get(f"{address}/status").text  # its code is due any moment
    edge.write(lambda: clock.advance(timedelta(seconds=11)))
    assert "every 2s" in owner.get(f"{address}/status").text
    assert owner.post(f"{address}/cancel").status_code == 303
    page = owner.get(f"{address}/status").text
    assert "hx-trigger" not in page
    assert "Pay in another way" in page
    back = re.search(r'href="(/businesses/\w+/plan/quote/\w+)"', page)
    assert back
    assert owner.post(back[1] + "/confirm").location != address


@pytest.mark.parametrize("query", ["status=x", "from_on=x", "type=%00", "from_on=2026-01-01&from_on=2026-01-02"])
def test_a_bad_filter_is_told_at_its_field(owner: FlaskClient, query: str) -> None:
    assert owner.get(f"/history?{query}").status_code == 422


@pytest.mark.parametrize("query", ["status=x", "from_on=x", "from_on=2026-01-01&from_on=2026-01-02"])
@pytest.mark.parametrize("name", ["payments", "invoices"])
def test_a_file_by_a_bad_filter_is_no_empty_file_but_the_page_that_says_why(
    owner: FlaskClient, business: Business, name: str, query: str
) -> None:
    answer = owner.get(f"/history/{name}.csv?{query}")

    assert (answer.status_code, answer.mimetype) == (422, "text/html")
    assert f'id="{query.partition("=")[0]}-error"' in answer.text


@pytest.mark.parametrize("query", ["page=0", "page=-1", "page=99999", "page=x", "to_on=9999-12-31", "to_on="])
def test_odd_but_harmless_questions_get_a_page(owner: FlaskClient, query: str) -> None:
    assert owner.get(f"/history?{query}").status_code == 200


def test_pages_of_the_plan_are_for_the_team_and_paying_for_its_owner(owner: FlaskClient, business: Business) -> None:
    address = f"/businesses/{business.public_id}/plan"
    quote = quote_address(owner, business)
    anonymous = owner.application.test_client()
    assert anonymous.get(address).status_code == 302

    other = owner.application.test_client()
    edge.write(lambda: shop.make_business(shop.make_owner("bob@shop.example"), "Other"))
    log_in(other, "bob@shop.example")
    assert [other.get(address).status_code, other.get(quote).status_code] == [404, 404]
    assert other.post(f"{quote}/confirm").status_code == 404

    viewer = owner.application.test_client()
    edge.write(lambda: shop.make_member(business, "cy@shop.example", Role.VIEWER))
    log_in(viewer, "cy@shop.example")
    assert viewer.get(address).status_code == 200
    assert viewer.post(f"{address}/quote", data={"tier": "pro"}).status_code == 403
    assert viewer.post(f"{quote}/confirm").status_code == 403


@pytest.mark.parametrize("data", [{}, {"tier": "gold"}, {"tier": "\x00"}])
def test_a_tier_that_is_not_sold_is_not_found(owner: FlaskClient, business: Business, data: dict[str, str]) -> None:
    assert owner.post(f"/businesses/{business.public_id}/plan/quote", data=data).status_code == 404


def test_two_tiers_at_once_are_none(owner: FlaskClient, business: Business) -> None:
    answer = owner.post(f"/businesses/{business.public_id}/plan/quote", data={"tier": ["pro", "starter"]})
    assert answer.status_code == 422


def test_a_larger_tier_is_quoted_by_days_paid_and_shown(owner: FlaskClient, business: Business) -> None:
    assert edge.write(lambda: pay(confirm(owner, business).removeprefix("/pay/"))) == "paid"
    page = owner.get(f"/businesses/{business.public_id}/plan").text
    assert re.findall(r'name="tier"\s+value="(\w+)"', page) == ["starter", "enterprise"]

    address = quote_address(owner, business, "enterprise")
    page = owner.get(address).text
    assert re.search(r"£5\.00 × (\d+) of \1 days = £5\.00", page), "it begins on the first day"
    assert re.search(r"−£3\.00 × (\d+) of \1 days = −£3\.00", page)
    assert "Pro tier, given back" in page
    assert "The next charge, £6.00" in page

    payment = str(owner.post(address + "/confirm").location)
    assert "Change of plan" in owner.get(payment).text
    assert edge.write(lambda: pay(payment.removeprefix("/pay/"))) == "paid"
    assert "Change of plan" in owner.get("/history").text
    assert owner.post(f"/businesses/{business.public_id}/plan/quote", data={"tier": "enterprise"}).status_code == 409


def test_a_smaller_tier_gives_credit_at_once_and_says_so_before(owner: FlaskClient, business: Business) -> None:
    assert edge.write(lambda: pay(confirm(owner, business).removeprefix("/pay/"))) == "paid"
    address = quote_address(owner, business, "starter")
    page = owner.get(address).text
    assert "Becomes your credit today" in page
    assert "Confirm, nothing to pay" in page
    plan = owner.post(address + "/confirm").location
    assert plan == f"/businesses/{business.public_id}/plan"
    assert "Done. £2.00 has become your credit." in owner.get(plan).text
    invoices = owner.get("/history/invoices").text
    assert re.search(r"CN-\d{4}-000001", invoices)
    [why] = re.findall(r'href="(\S+/why)"', owner.get(re.findall(r'href="(\S+/invoices/inv_\w+)"', invoices)[0]).text)
    explained = owner.get(why).text
    for told in ("Your payment arrived", "The invoice was issued", "A credit note was issued", "Sales", "Owed by you"):
        assert told in explained
    assert owner.post(address + "/confirm").status_code == 409, "it is the tier already"
    confirm(owner, business, "enterprise")
    assert "£2.00 of it from credit" in owner.get("/history").text


def test_a_plan_from_before_there_was_a_price_shows_that_of_today(owner: FlaskClient, business: Business) -> None:
    def start() -> None:
        running.until(running.FIRST)
        add_version(2, OLD, edge.now())
        branches.remove(branches.list_live(business.id)[1], edge.now())
        customer = shop.make_customer(business)
        assert running.paid(customer, shop.make_quote(customer)) == "paid"
        running.until(running.FIRST + timedelta(hours=1))
        add_version(3, {**OLD, "plus": (200, 50), "branch": (150, None), "hibernation": (70, None)}, edge.now())

    edge.write(start)
    address = f"/businesses/{business.public_id}"
    for page in ("plan", "plan/next"):
        assert 'value="plus"' in owner.get(f"{address}/{page}").text
    assert "£1.50" in owner.get(f"{address}/plan").text
    assert "£0.70" in owner.get(f"{address}/hibernation").text
