"""While a payment is under way no page offers what would be refused, and each leads to that payment."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from portal.billing import branch_batches, checkout
from portal.invoicing import customers
from portal.invoicing.models import Customer
from portal.kit import edge
from portal.payments import sessions
from tests.billing.test_restoration import suspended
from tests.support import running, shop
from tests.support.pages import log_in

_BUTTON = re.compile(r"<button\b.*?</button>", re.DOTALL)


def running_shop() -> Customer:
    """One with a branch that is paid for and one that is not."""
    customer = running.started("pro", branches=1)
    assert customer.business_id is not None
    details = shop.place("Harbour")
    branch_batches.add(customer, customer.business_id, edge.now(), may_spend=True, **details)
    return customer


def asleep() -> Customer:
    customer = running.started("pro")
    quote = checkout.quote_hibernation(customer, None, shop.METHOD, edge.now())
    assert checkout.start_payment(customer, quote, shop.METHOD, edge.now()) is None
    return customer


def hidden() -> Customer:
    return suspended(running.started("pro"))


def ahead(customer: Customer) -> str:
    quote = checkout.quote_prepayment(customer, 1, shop.METHOD, edge.now())
    return shop.open_session(customer, quote).public_id


def back(customer: Customer) -> str:
    return shop.open_session(customer, shop.make_quote(customer)).public_id


def buttons(page: str) -> list[str]:
    """Return what the buttons of a page say, without its frame's."""
    main = page.split('<main id="content"')[1].split("<footer")[0]
    return [re.sub(r"<[^>]*>|\s+", " ", one).strip() for one in _BUTTON.findall(main)]


@pytest.mark.parametrize(
    ("start", "pay", "page", "kept"),
    [
        (running_shop, ahead, "plan", ["Save"]),
        (running_shop, ahead, "plan/next", []),
        (running_shop, ahead, "prepayment", []),
        (running_shop, ahead, "hibernation", []),
        (running_shop, ahead, "branches", []),
        (asleep, ahead, "plan", ["Save"]),
        (asleep, ahead, "plan/next", []),
        (asleep, ahead, "hibernation", ["Save this day"]),
        (hidden, back, "plan", ["Save"]),
        (hidden, back, "plan/next", []),
    ],
)
def test_only_the_payment_is_led_to(
    client: FlaskClient, start: Callable[[], Customer], pay: Callable[[Customer], str], page: str, kept: list[str]
) -> None:
    def begin() -> tuple[Customer, str]:
        customer = start()
        return customer, f"/businesses/{running.business_of(customer).public_id}"

    customer, home = edge.write(begin)
    log_in(client, "ann@shop.example")
    before = buttons(client.get(f"{home}/{page}").text)
    assert len(before) > len(kept), "there is something to press while nothing is paid"
    session = edge.write(lambda: pay(customers.get(customer.id)))
    shown = client.get(f"{home}/{page}").text
    assert shown.count("A payment is under way") == 1
    assert f'href="/pay/{session}">Go to the payment' in shown
    assert buttons(shown) == kept
    edge.write(lambda: sessions.cancel(session, edge.now()))
    assert buttons(client.get(f"{home}/{page}").text) == before


def test_what_is_refused_leads_to_the_payment(client: FlaskClient) -> None:
    """Who pressed a button of a page that was open before."""

    def begin() -> tuple[str, str]:
        customer = running.started("pro")
        return f"/businesses/{running.business_of(customer).public_id}", ahead(customer)

    home, session = edge.write(begin)
    log_in(client, "ann@shop.example")
    for address in ("plan/quote", "plan/next", "plan/next/cancel", "hibernation/wake"):
        refused = client.post(f"{home}/{address}", data={"tier": "starter"})
        assert refused.status_code == 409, address
        assert refused.text.count("A payment is under way") == 1
        assert f'href="/pay/{session}">Go to the payment' in refused.text
        assert "<span>Dashboard</span>" in refused.text.split('id="error"')[1]
        assert "To the front door" not in refused.text
