"""Paying ahead through the pages: what it costs is said before, and what was paid is credit."""

import re
from datetime import UTC, datetime, timedelta

from flask.testing import FlaskClient

from portal.billing import open_invoices
from portal.invoicing import customers
from portal.kit import clock, edge
from portal.payments.queries import get_session
from tests.billing.test_restoration import suspended
from tests.support import running, shop
from tests.support.pages import log_in
from tests.support.pdf import text_of


def test_months_are_chosen_paid_and_seen_as_credit(client: FlaskClient) -> None:
    customer = edge.write(lambda: running.started("pro"))
    log_in(client, "ann@shop.example")
    business = edge.write(lambda: running.business_of(customer).public_id)
    address = f"/businesses/{business}/prepayment"
    assert address in client.get(f"/businesses/{business}/plan").text
    assert "3 months: £9.00" in client.get(address).text

    quote = client.post(f"{address}/quote", data={"months": "3"}).location
    page = client.get(quote).text
    assert "£3.00 × 3 months = £9.00" in page
    assert "It becomes your credit as soon as it is paid." in page
    session = client.post(f"{quote}/confirm").location.rsplit("/", 1)[1]
    assert edge.write(lambda: running.pay(get_session(session))) == "prepaid"

    assert re.findall(r"Your credit now.*?(£[\d.]+)", client.get(address).text, re.DOTALL) == ["£9.00"]
    [receipt, *_] = re.findall(r'href="(/businesses/\w+/history/payments/\w+)"', client.get("/history").text)
    page = client.get(receipt).text
    for told in ("<h1>Receipt</h1>", "£3.00 × 3 months = £9.00", "Lantern Coffee", "Harbour Directory", "CN¥81.00"):
        assert told in page, told
    assert re.findall(r"Added to your credit.*?(£[\d.]+)", page, re.DOTALL) == ["£9.00"]
    file = client.get(f"{receipt}.pdf")
    assert (file.status_code, "Addedtoyourcredit£9.00" in text_of(file.data)) == (200, True)


def test_what_is_owed_is_said_to_be_paid_first(client: FlaskClient) -> None:
    customer = edge.write(lambda: running.started("pro"))
    edge.write(lambda: running.until(datetime(2027, 5, 1, tzinfo=UTC)))
    log_in(client, "ann@shop.example")
    address = f"/businesses/{edge.write(lambda: running.business_of(customer).public_id)}/prepayment"
    quote = client.post(f"{address}/quote", data={"months": "2"}).location
    for page in (address, quote):
        text = client.get(page).text
        assert ("£3.00 is still owed" in text, "What you pay ahead pays that first." in text) == (True, True)
    session = client.post(f"{quote}/confirm").location.rsplit("/", 1)[1]
    edge.write(lambda: (running.pay(get_session(session)), open_invoices.use_all_credit(customer.id, edge.now())))
    page = client.get(address).text
    assert re.findall(r"Your credit now.*?(£[\d.]+)", page, re.DOTALL) == ["£3.00"]
    assert "is still owed" not in page


def test_what_is_not_on_offer_says_so(client: FlaskClient) -> None:
    customer = edge.write(lambda: running.started("pro"))
    log_in(client, "ann@shop.example")
    address = f"/businesses/{edge.write(lambda: running.business_of(customer).public_id)}/prepayment/quote"
    for months in ("0", "13", "-1", "1.5", "²", "many", ""):
        refused = client.post(address, data={"months": months})
        assert (refused.status_code, "months on offer" in refused.text) == (422, True)
    assert edge.write(lambda: customers.get(customer.id).transaction_count) == 1


def test_without_rates_the_pages_say_what_cannot_be_said(client: FlaskClient) -> None:
    """Who is billed in euros and holds prices in pounds still sees everything else, and may hibernate at the period's
    own rate."""

    def start() -> str:
        running.until(running.FIRST)
        shop_in_berlin = {"currency": "EUR", "country": "DE", "time_zone": "Europe/Berlin"}
        business = shop.make_business(shop.make_owner(), **shop_in_berlin)
        customer = shop.make_customer(business)
        running.paid(customer, shop.make_quote(customer, "starter"))
        clock.advance(timedelta(days=10))
        return f"/businesses/{business.public_id}"

    address = edge.write(start)
    log_in(client, "ann@shop.example")
    ahead, hibernation = (client.get(f"{address}/{page}") for page in ("prepayment", "hibernation"))
    for answer in (ahead, hibernation):
        assert (answer.status_code, "exchange rates have not arrived" in answer.text) == (200, True)
    assert 'name="months"' not in ahead.text
    asleep = client.post(f"{address}/hibernation/quote")
    assert client.post(f"{asleep.location}/confirm").status_code == 303
    assert "exchange rates have not arrived" in client.get(f"{address}/hibernation").text


def test_what_is_hidden_is_brought_back_before_it_is_paid_ahead(client: FlaskClient) -> None:
    customer = edge.write(lambda: suspended(running.started("pro")))
    log_in(client, "ann@shop.example")
    home = f"/businesses/{edge.write(lambda: running.business_of(customer).public_id)}"
    page = client.get(f"{home}/prepayment").text
    assert ("Pick a tier first" in page, "has to be brought back first" in page) == (False, True)
    assert re.search(rf'href="{home}/plan"[^>]*>.*?<span>Bring it back', page, re.DOTALL)
