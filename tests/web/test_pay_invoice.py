"""The page on which an open invoice is paid: what is owed, by what, by whom, and what it answers otherwise."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from flask.testing import FlaskClient

from portal.billing import checkout
from portal.billing.apply_payment import apply_payment
from portal.directory.models import Business
from portal.identity.permissions import Role
from portal.insights import invariants
from portal.kit import edge
from portal.kit.money import Money
from portal.payments.queries import attempt_of, get_session
from tests.billing.test_restoration import owed, suspended
from tests.support import running, shop
from tests.support.everything import store_card
from tests.support.pages import log_in

DUE = datetime(2027, 2, 28, tzinfo=UTC)


def make() -> Business:
    """A shop with a card, and one open invoice of three pounds."""
    running.until(datetime(2027, 1, 31, 12, tzinfo=UTC))
    business = shop.make_business(shop.make_owner())
    customer = shop.make_customer(business)
    assert running.paid(customer, shop.make_quote(customer)) == "paid"
    store_card(customer)
    running.until(DUE)
    return business


@pytest.fixture
def business(db: None) -> Iterator[Business]:
    yield edge.write(make)
    assert invariants.violations() == []


def page_of(owner: FlaskClient) -> str:
    """The address that the list of invoices leads to."""
    return owner.get("/history/invoices?status=open").text.split('/pay"')[0].rsplit('href="', 1)[1] + "/pay"


def test_it_is_found_paid_and_then_asked_for_no_more(owner: FlaskClient) -> None:
    address = page_of(owner)
    assert address in owner.get(address.removesuffix("/pay")).text
    page = owner.get(address).text
    for told in ("Still owed", "£3.00", "CN¥27.00", "1 GBP = 9.000000 CNY", "with Visa •••• 4242", "Renewal"):
        assert told in page, told
    code = owner.post(address, data={"method": "wechat_pay"}).location
    assert owner.post(address, data={"method": "wechat_pay"}).location == code
    card = owner.post(address, data={"method": "stripe"}).location
    assert "Your card is being charged" in owner.get(card).text
    assert "Pay in another way" in owner.get(code).text, "the code has given way"
    session = get_session(card.rsplit("/", 1)[1])
    said = shop.evidence_for(session, provider="stripe", transaction_id=attempt_of(session.id).order_number)
    assert edge.write(lambda: apply_payment(get_session(session.public_id), said, edge.now())) == "paid"
    assert "See the receipt" in owner.get(card).text
    assert [owner.get(address).status_code, owner.post(address).status_code] == [409, 409]
    why = owner.get(address.replace("/pay", "/why")).text
    assert "Your payment arrived" in why


def test_what_is_too_little_for_the_card_is_not_carried_for_what_is_hidden(db: None, client: FlaskClient) -> None:
    home = edge.write(_asleep_and_not_paid)
    log_in(client, "ann@shop.example")
    address = f"{home}/{page_of(client).split('/', 3)[3]}"
    page = client.get(address).text
    assert ("with Visa" in page, "to the next payment" in page) == (False, False)
    assert 'value="wechat_pay"' in page
    assert client.post(address, data={"method": "stripe"}).status_code == 409


def _asleep_and_not_paid() -> str:
    customer = running.started("pro")
    running.until(running.FIRST + timedelta(days=29))
    asleep = checkout.quote_hibernation(customer, None, shop.METHOD, edge.now())
    checkout.start_payment(customer, asleep, shop.METHOD, edge.now())
    suspended(customer)
    assert owed(customer).due < Money(30, "GBP")
    store_card(customer)
    return f"/businesses/{running.business_of(customer).public_id}"


def test_credit_that_covers_it_pays_it_without_a_code(owner: FlaskClient, business: Business) -> None:
    address = page_of(owner)
    first = owner.get("/history/invoices?status=paid").text.split("/history/invoices/")[1].split('"')[0]
    edge.write(lambda: _give_back(first))
    assert owner.post(address, data={"method": "wechat_pay"}).location == address.removesuffix("/pay")
    assert "Your credit paid" in owner.get(address.replace("/pay", "/why")).text


def _give_back(public_id: str) -> None:
    from sqlalchemy import select

    from portal.invoicing.models import Invoice
    from portal.kit.db import db

    shop.give_credit(db.scalars(select(Invoice.id).where(Invoice.public_id == public_id)).one(), 300)


def test_it_is_for_those_who_pay(owner: FlaskClient, business: Business) -> None:
    address = page_of(owner)
    viewer = owner.application.test_client()
    edge.write(lambda: shop.make_member(business, "cy@shop.example", Role.VIEWER))
    log_in(viewer, "cy@shop.example")
    assert [viewer.get(address).status_code, viewer.post(address).status_code] == [403, 403]
    assert "/pay" not in viewer.get("/history/invoices").text.split("<main")[1]
    other = owner.application.test_client()
    edge.write(lambda: shop.make_business(shop.make_owner("bob@shop.example"), "Other"))
    log_in(other, "bob@shop.example")
    assert [other.get(address).status_code, other.post(address).status_code] == [404, 404]
    for wrong in ({"method": "barter"}, {"method": "\x00"}):
        assert owner.post(address, data=wrong).status_code == 404
    assert owner.post(address, data={"method": ["stripe", "wechat_pay"]}).status_code == 422
    assert owner.post(address, data={"method": "stripe", "amount": "1"}).status_code == 422
