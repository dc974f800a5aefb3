"""Tiny amounts and restoration through the pages: what is added is named before anything is charged."""

import re
from datetime import timedelta

from flask.testing import FlaskClient

from portal.billing import dunning
from portal.invoicing.models import Customer
from portal.kit import edge
from portal.payments.providers.base import ChargeOutcome
from portal.payments.queries import get_session
from tests.billing.test_dunning import decline
from tests.billing.test_restoration import owed, suspended
from tests.support import running
from tests.support.everything import store_card
from tests.support.pages import log_in


def test_what_is_too_little_for_the_card_is_carried_and_paid_along(client: FlaskClient) -> None:
    plan = _late_starter(client)
    quote = client.post(f"{plan}/quote", data={"tier": "pro"}).location
    page = client.get(quote).text
    assert "Too little for a card" in page
    assert "Add £0.20 to the next payment" in page
    done = client.post(f"{quote}/confirm", data={"method": "stripe"}, follow_redirects=True).text
    assert "It is added to your next payment." in done
    assert "£0.20 is added to your next payment" in done
    assert "Added to the next payment" in client.get("/history").text

    invoice = re.findall(r'href="(/businesses/[^"]*/history/invoices/[^"]*)"', client.get("/history/invoices").text)[0]
    assert "Carried to your next payment" in client.get(f"{invoice}/why").text
    assert "£0.20 is added to your next payment" in client.get(plan).text
    quote = client.post(f"{plan}/quote", data={"tier": "enterprise"}).location
    page = client.get(quote).text
    assert "Carried from earlier invoices" in page
    assert "Pay £0.40 with" in page
    session = client.post(f"{quote}/confirm").location.rsplit("/", 1)[1]
    assert edge.write(lambda: running.pay(get_session(session))) == "paid"
    receipt = client.get(
        re.findall(r'href="(/businesses/[^"]*/history/payments/[^"]*)"', client.get("/history").text)[0]
    )
    assert re.findall(r"Also paid, owed from before.*?(£[\d.]+)", receipt.text, re.DOTALL) == ["£0.20"]
    assert "added to your next payment" not in client.get(plan).text


def test_what_was_carried_is_paid_by_code_at_any_time(client: FlaskClient) -> None:
    plan = _late_starter(client)
    quote = client.post(f"{plan}/quote", data={"tier": "pro"}).location
    client.post(f"{quote}/confirm", data={"method": "stripe"})
    quote = client.post(f"{plan}/carried").location
    assert "Add £0.20" not in client.get(quote).text
    session = client.post(f"{quote}/confirm").location.rsplit("/", 1)[1]
    assert edge.write(lambda: running.pay(get_session(session))) == "paid"
    paid = client.get(f"/pay/{session}").text
    assert "Paid. Thank you!" in paid
    [receipt] = re.findall(r'href="(/businesses/[^"]*/history/payments/[^"]*)"', paid)
    assert re.findall(r"Added to your credit.*?(£[\d.]+)", client.get(receipt).text, re.DOTALL) == ["£0.20"]
    assert "added to your next payment" not in client.get(plan).text
    refused = client.post(f"{plan}/carried")
    assert (refused.status_code, "do not need to pay" in refused.text) == (409, True)


def test_what_is_hidden_is_brought_back_by_one_payment(client: FlaskClient) -> None:
    customer = edge.write(lambda: suspended(running.started("pro")))
    log_in(client, "ann@shop.example")
    assert "Your listing is hidden" in client.get("/dashboard").text
    plan = f"/businesses/{edge.write(lambda: running.business_of(customer).public_id)}/plan"
    page = client.get(plan).text
    assert 0 < page.find("Bring your listing back") < page.find("Pay only this"), "what brings it back comes first"
    assert ("See the quote for Starter" in page, "See the quote for Enterprise" in page) == (True, False)
    assert "Ways to pay" in page

    quote = client.post(f"{plan}/quote", data={"tier": "pro"}).location
    page = client.get(quote).text
    assert "Your listing comes back" in page
    assert "Paying only this" not in client.get(str(client.post(f"{quote}/confirm").location)).text
    assert 'Still owed of invoice <span class="number">INV-' in page
    session = client.post(f"{quote}/confirm").location.rsplit("/", 1)[1]
    assert edge.write(lambda: running.pay(get_session(session))) == "restored"
    assert "Paid. Thank you!" in client.get(f"/pay/{session}").text
    page = client.get(plan).text
    assert "Bring your listing back" not in page
    assert "overdue" not in page
    history = client.get("/history").text
    assert "Restored plan" in history
    receipts = re.findall(r'href="(/businesses/[^"]*/history/payments/[^"]*)"', history)
    [receipt] = [page for one in receipts if "Restored plan" in (page := client.get(one).text)]
    assert "<h1>Receipt</h1>" in receipt
    rows = re.findall(r"<p>([^<]*)(?:<span.*?</span>)?</p>\s*<p class=\"money\">(£[\d.]+)", receipt, re.DOTALL)
    sums = [("Total", "£3.00"), ("Paid", "£3.00"), ("Also paid, owed from before", "£1.35")]
    assert rows == [*sums, ("Added to your credit", "£4.35")], "what was paid adds up"


def test_paying_only_what_is_owed_leaves_it_hidden_and_says_so_before(client: FlaskClient) -> None:
    customer = edge.write(lambda: suspended(running.started("pro")))
    home = f"/businesses/{edge.write(lambda: running.business_of(customer).public_id)}"
    invoice = f"{home}/history/invoices/{edge.write(lambda: owed(customer).public_id)}"
    log_in(client, "ann@shop.example")
    page = client.get(f"{invoice}/pay").text
    assert re.search(r'<h1>Pay invoice <span class="number">INV-[\d-]+</span></h1>', page)
    assert re.findall(r"Taken off what was owed.*?(.£[\d.]+)", page, re.DOTALL)[0] == "\N{MINUS SIGN}£1.65"
    assert "Paying only this does not bring your plan back" in page
    assert re.search(r"Until 30 Jun\w* 2027 one payment of that", page)
    assert re.findall(rf'action="{home}/plan/quote".*?name="tier" value="(\w+)"', page, re.DOTALL) == ["pro"]
    payment = client.post(f"{invoice}/pay").location
    assert "Paying only this does not bring your plan back" in client.get(payment).text
    assert edge.write(lambda: running.pay(get_session(payment.rsplit("/", 1)[1]))) == "paid"
    assert "Paying only this" not in client.get(payment).text
    page = client.get(f"{home}/plan").text
    assert re.search(r'Invoice <span class="number">INV-[\d-]+</span> is settled', page)
    assert "Nothing is owed of it any more. Nothing was deleted." in page
    assert "Paying a new month from today does it" in page
    assert f"{invoice}/pay" not in page
    assert "Your listing is hidden" in client.get("/dashboard").text


def test_what_is_hidden_ends_at_once_and_coming_back_pays_along_what_is_owed(client: FlaskClient) -> None:
    customer = edge.write(lambda: suspended(running.started("pro")))
    log_in(client, "ann@shop.example")
    plan = f"/businesses/{edge.write(lambda: running.business_of(customer).public_id)}/plan"
    page = client.get(plan).text
    assert "End the plan" in page
    assert "Pay ahead" not in page
    assert "it would end at once" in client.get(f"{plan}/next").text
    ended = client.post(f"{plan}/next/cancel", follow_redirects=True).text
    assert "Your plan has ended." in ended
    assert "You can take it back" not in ended
    quote = client.post(f"{plan}/quote", data={"tier": "starter"}).location
    assert 'Still owed of invoice <span class="number">INV-' in client.get(quote).text
    session = client.post(f"{quote}/confirm").location.rsplit("/", 1)[1]
    assert edge.write(lambda: running.pay(get_session(session))) == "paid"
    assert "Still to pay" not in client.get("/history/invoices").text


def _late_starter(client: FlaskClient) -> str:
    """Log in an owner with Starter and a stored card, with three of thirty days left; give the address of the plan."""
    customer = edge.write(lambda: running.started("starter"))
    edge.write(lambda: store_card(customer))
    edge.write(lambda: running.until(running.FIRST + timedelta(days=27)))
    log_in(client, "ann@shop.example")
    return f"/businesses/{edge.write(lambda: running.business_of(customer).public_id)}/plan"


def test_choosing_a_card_says_that_it_is_tried_for_what_is_overdue(client: FlaskClient) -> None:
    def start() -> tuple[str, str, Customer]:
        customer = running.started("pro")
        home = f"/businesses/{running.business_of(customer).public_id}"
        return home, store_card(customer).public_id, customer

    home, card, customer = edge.write(start)
    log_in(client, "ann@shop.example")
    choose = f"{home}/methods/{card}/default"
    assert "4242 is charged from now on.<" in client.post(choose, follow_redirects=True).text
    edge.write(lambda: running.until(running.FIRST + timedelta(days=30)))
    edge.write(lambda: dunning.collect(owed(customer).id, edge.now()))
    edge.write(lambda: decline(ChargeOutcome.HARD_DECLINE, "expired_card"))
    assert "and at once for what is overdue" in client.post(choose, follow_redirects=True).text
