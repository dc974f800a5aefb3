"""What a quote tells of the charges after it: as things stand, with what was chosen, paid ahead or carried."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape

import pytest
from flask.testing import FlaskClient

from portal.billing import advance, at_period_end, checkout, outlook, subscriptions, ways
from portal.insights import invariants
from portal.invoicing.models import Customer
from portal.kit import edge
from portal.kit.money import Money
from portal.payments.queries import get_session
from tests.billing.test_open_invoices import newest, opened
from tests.support import running, shop
from tests.support.everything import store_card
from tests.support.pages import log_in

LATE = datetime(2027, 4, 28, 9, tzinfo=UTC)
"""Three days of thirty are left: a pound more a month costs ten pence, which is less than a card is charged."""


def carry(customer: Customer) -> None:
    store_card(customer)
    running.until(LATE)
    quote = checkout.quote_tier(customer, "pro", shop.METHOD, edge.now())
    assert checkout.start_payment(customer, quote, ways.CARD, edge.now()) is None


def choose_pro_and_be_invoiced(customer: Customer) -> None:
    at_period_end.choose_tier(customer, "pro", edge.now())
    running.until(LATE)


def pay_ahead(customer: Customer) -> None:
    running.until(LATE)
    assert running.pay(opened(customer, newest(customer))) == "paid"


@pytest.mark.parametrize(
    ("start", "happens", "wanted", "told"),
    [
        ("starter", lambda _: None, "pro", ["The next charge, £3.00, is on 1 May 2027."]),
        (
            "pro",
            lambda customer: at_period_end.choose_tier(customer, "starter", edge.now()),
            "enterprise",
            ["The next charge, £1.00, is on 1 May 2027."],
        ),
        (
            "pro",
            lambda customer: at_period_end.cancel(customer, edge.now()),
            "enterprise",
            ["Your plan ends with 30 Apr 2027. Nothing more is charged for it."],
        ),
        ("starter", lambda _: running.until(LATE), "pro", ["The next charge, £3.00, is on 1 May 2027."]),
        ("starter", choose_pro_and_be_invoiced, "pro", ["The next charge, £3.00, is on 1 May 2027."]),
        (
            "starter",
            pay_ahead,
            "pro",
            [
                "The next month is paid already: £2.00 more for it is due on its first day.",
                "The next charge, £3.00, is on 1 Jun 2027.",
            ],
        ),
        (
            "pro",
            pay_ahead,
            "starter",
            [
                "The next month is paid already: £2.00 of it becomes your credit.",
                "The next charge, £1.00, is on 1 Jun 2027.",
            ],
        ),
        (
            "starter",
            carry,
            "starter",
            ["The next charge, £1.00 and £0.20 carried from earlier invoices, is on 1 May 2027."],
        ),
    ],
    ids=[
        "plain",
        "another tier",
        "the end",
        "invoiced ahead",
        "invoiced ahead as that",
        "paid ahead",
        "paid ahead and down",
        "carried",
    ],
)
def test_a_quote_tells_what_comes_after_it(
    client: FlaskClient, start: str, happens: Callable[[Customer], object], wanted: str, told: list[str]
) -> None:
    customer = edge.write(lambda: running.started(start))
    edge.write(lambda: happens(customer))
    log_in(client, "ann@shop.example")
    home = f"/businesses/{edge.write(lambda: running.business_of(customer).public_id)}"
    quote = client.post(f"{home}/plan/quote", data={"tier": wanted}).location
    assert re.findall(r"(?:The next|Your plan ends)[^<]*\.(?=</span>)", unescape(client.get(quote).text)) == told


def test_a_quote_of_an_earlier_agreement_tells_what_it_said(db: None) -> None:
    customer = running.started("pro")
    at_period_end.choose_tier(customer, "starter", edge.now())
    quote = checkout.quote_tier(customer, "enterprise", shop.METHOD, edge.now())
    subscriptions.end(subscriptions.lock(running.subscription_of(customer).id), edge.now())
    assert running.paid(customer, checkout.quote_tier(customer, "starter", shop.METHOD, edge.now())) == "paid"
    at_period_end.cancel(customer, edge.now())
    assert running.subscription_of(customer).version == quote.subscription_version, "as often changed"
    found = outlook.of(quote, customer, edge.now())
    assert found is not None
    assert (found.amount, found.is_ending) == (Money(500, "GBP"), False)


def test_it_tells_what_stays_chosen_and_what_credit_pays(client: FlaskClient) -> None:
    customer = edge.write(lambda: running.started("pro"))
    log_in(client, "ann@shop.example")
    home = f"/businesses/{edge.write(lambda: running.business_of(customer).public_id)}"
    page = client.get(client.post(f"{home}/plan/quote", data={"tier": "starter"}).location).text
    assert ("stays chosen" in page, "Your credit pays of that what it can." in page) == (False, True)
    edge.write(lambda: at_period_end.choose_tier(customer, "starter", edge.now()))
    page = client.get(client.post(f"{home}/plan/quote", data={"tier": "enterprise"}).location).text
    assert ("Starter stays chosen for 1 May 2027." in page, "Your credit pays of that" in page) == (True, False)


@pytest.mark.parametrize(("start", "wanted"), [("starter", "pro"), ("pro", "starter")])
def test_what_it_tells_of_a_month_that_is_paid_is_what_happens(db: None, start: str, wanted: str) -> None:
    customer = running.started(start)
    pay_ahead(customer)
    quote = checkout.quote_tier(customer, wanted, shop.METHOD, edge.now())
    session = checkout.start_payment(customer, quote, shop.METHOD, edge.now())
    if session is not None:
        running.pay(get_session(session.public_id))
    further = [one.total_amount for one in running.invoices_of(customer) if one.kind == advance.FURTHER]
    back = sorted(one.total_amount for one in running.notes_of(customer))
    assert (further, back) == (([200], []) if wanted == "pro" else ([], [20, 200]))
    assert invariants.violations() == []


def test_what_a_card_carries_is_named_with_what_is_charged_next(client: FlaskClient) -> None:
    customer = edge.write(lambda: running.started("starter"))
    edge.write(lambda: (store_card(customer), running.until(LATE)))
    log_in(client, "ann@shop.example")
    home = f"/businesses/{edge.write(lambda: running.business_of(customer).public_id)}"
    quote = client.post(f"{home}/plan/quote", data={"tier": "pro"}).location
    assert "By card the next charge is £3.20 in all." in client.get(quote).text
