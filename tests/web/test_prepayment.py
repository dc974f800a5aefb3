"""Paying ahead through the pages: what it costs is said before, and what was paid is credit."""

import re

from flask.testing import FlaskClient

from portal.invoicing import customers
from portal.kit import edge
from portal.payments.queries import get_session
from tests.support import running
from tests.support.pages import log_in


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
    assert "£9.00" in client.get("/history").text


def test_what_is_not_on_offer_says_so(client: FlaskClient) -> None:
    customer = edge.write(lambda: running.started("pro"))
    log_in(client, "ann@shop.example")
    address = f"/businesses/{edge.write(lambda: running.business_of(customer).public_id)}/prepayment/quote"
    for months in ("0", "13", "-1", "1.5", "²", "many", ""):
        refused = client.post(address, data={"months": months})
        assert (refused.status_code, "months on offer" in refused.text) == (422, True)
    assert edge.write(lambda: customers.get(customer.id).transaction_count) == 1
