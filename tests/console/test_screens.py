"""What the desk shows of businesses and of money, and that a longer list asks no more questions."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.billing import at_period_end, checkout, dunning
from portal.directory import businesses
from portal.identity.permissions import OperatorRole
from portal.insights import invariants, whole_check
from portal.invoicing import invoices
from portal.invoicing.documents import DocumentFilter, all_documents
from portal.invoicing.models import Customer
from portal.invoicing.queries import get_issued
from portal.kit import clock, config, edge
from portal.kit.db import db
from portal.payments import attempts
from portal.payments.models import PaymentEvent
from portal.payments.providers.base import Answer, Result
from portal.payments.queries import attempt_of, get_session
from tests.billing.test_restoration import hidden, owed
from tests.console import desk
from tests.invoicing.papers import credit
from tests.support import running, shop
from tests.support.statements import counted


@pytest.fixture
def support(app: Flask) -> FlaskClient:
    """A browser in which somebody of support is logged in."""
    return desk.operator(app, OperatorRole.SUPPORT)


def test_today_counts_what_waits(support: FlaskClient) -> None:
    assert "The books were not checked" in support.get("/console").text
    edge.write(invariants.check_recent)
    assert "The books were not checked as a whole" in support.get("/console").text
    edge.write(lambda: whole_check.go_on(60))
    assert "The books are sound" in support.get("/console").text

    def trouble() -> None:
        desk.pay_twice(desk.make_customer())
        talk(desk.open_session(desk.make_customer("Other", "bob@shop.example")).public_id)
        for _ in range(3):
            desk.make_job("dead", "boom")

    edge.write(trouble)
    edge.write(invariants.check_recent)
    page = support.get("/console").text

    assert "refunds asked for: 1" in page
    assert "job_is_not_dead" in page
    assert "EV-1" in page
    assert "The books are not sound" in page


def test_today_warns_of_old_rates(support: FlaskClient) -> None:
    assert "older than 5 days" not in support.get("/console").text
    edge.write(lambda: clock.advance(timedelta(days=6)))
    assert "older than 5 days" in support.get("/console").text


SEARCHES = [
    "lantern",
    "COFFEE",
    "ann@shop.example",
    "Ann@Shop.example",
    "{business}",
    "{customer}",
    "{number}",
    "{credit_note}",
]


@pytest.mark.parametrize("search", SEARCHES)
def test_a_business_is_found_by_what_its_owner_tells(support: FlaskClient, search: str) -> None:
    def build() -> dict[str, str]:
        desk.make_customer("Other", "bob@shop.example")
        customer = desk.make_customer()
        desk.pay(desk.open_session(customer))
        invoice = all_documents(customer.id, DocumentFilter(), 1)[0]
        note = credit(invoices.lock(get_issued(customer.id, invoice.public_id).id), 100)
        assert customer.business_id is not None
        business = businesses.get(customer.business_id)
        numbers = {"number": invoice.number, "credit_note": note.number}
        return numbers | {"business": business.public_id, "customer": customer.public_id}

    found = support.get("/console/customers", query_string={"q": search.format(**edge.write(build))}).text

    assert "Lantern Coffee" in found
    assert ">Other<" not in found


def test_wildcards_mean_themselves(support: FlaskClient) -> None:
    edge.write(desk.make_customer)

    assert "Nobody found" in support.get("/console/customers?q=%25").text
    assert "Nobody found" in support.get("/console/customers?q=_").text


def test_a_customer_is_shown_with_its_money(support: FlaskClient) -> None:
    def build() -> str:
        customer = desk.make_customer()
        desk.pay(desk.open_session(customer))
        return customer.public_id

    found = support.get(f"/console/customers?q={edge.write(build)}").text
    address = found.split('href="/console/customers/')[1].split('"')[0]
    page = support.get(f"/console/customers/{address}").text

    assert "INV-" in page
    assert "£3.00" in page
    assert "ann@shop.example" in page
    assert "United Kingdom" in page
    assert 'data-state="active"' in page


def agreement_of(browser: FlaskClient, customer: Customer) -> str:
    """What the desk says of a customer's agreement and of what is overdue, as words alone."""
    business = edge.write(lambda: running.business_of(customer).public_id)
    page = browser.get(f"/console/customers/{business}").text
    return " ".join(re.sub(r"<[^>]+>", " ", page.partition("Agreement")[2].partition("<h2")[0]).split())


def test_an_agreement_is_shown_as_it_will_go_on(support: FlaskClient) -> None:
    customer = edge.write(lambda: running.started("pro"))
    assert "Renews on 1 May 2027" in agreement_of(support, customer)
    edge.write(lambda: running.until(running.FIRST + timedelta(days=28)))
    assert "Renews on 1 May 2027" in agreement_of(support, customer), "the month that is invoiced ahead is the next one"
    edge.write(lambda: at_period_end.choose_tier(customer, "starter", edge.now()))
    assert "From 1 May 2027 Starter" in agreement_of(support, customer)
    edge.write(lambda: at_period_end.cancel(customer, edge.now()))
    said = agreement_of(support, customer)
    assert "Ends on 1 May 2027" in said
    assert "Renews on" not in said


def test_what_is_overdue_and_hidden_is_told_as_somebody_elses(support: FlaskClient) -> None:
    def owe() -> Customer:
        customer = running.started("pro")
        running.until(running.FIRST + timedelta(days=30))
        dunning.collect(owed(customer).id, edge.now())
        return customer

    customer = edge.write(owe)
    said = agreement_of(support, customer)
    assert "The listing stays as it is" in said
    assert "Your listing" not in said
    edge.write(lambda: hidden(customer))
    assert "Renews on" not in agreement_of(support, customer), "nothing is invoiced while it is hidden"


def test_the_day_on_which_a_listing_wakes_is_shown(support: FlaskClient) -> None:
    def sleep() -> Customer:
        customer = running.started("pro")
        wakes_on = running.FIRST.date() + timedelta(days=20)
        quote = checkout.quote_hibernation(customer, wakes_on, shop.METHOD, edge.now())
        assert checkout.start_payment(customer, quote, shop.METHOD, edge.now()) is None
        return customer

    assert "Wakes on 21 Apr 2027" in agreement_of(support, edge.write(sleep))


def test_the_sandboxs_mails_are_one_link_away(support: FlaskClient) -> None:
    assert 'href="http://127.0.0.1:8001/outbox"' in support.get("/console").text
    config.use(replace(config.current(), is_sandbox=False))
    assert "/outbox" not in support.get("/console").text


def test_a_business_without_a_plan_is_shown(support: FlaskClient) -> None:
    public_id = edge.write(lambda: shop.make_business(shop.make_owner())).public_id

    assert "No plan" in support.get(f"/console/customers/{public_id}").text


def talk(session_public_id: str) -> None:
    """Let us ask, the provider answer badly, and then tell us of money."""
    attempt = attempt_of(get_session(session_public_id).id)
    attempts.note_call(attempt.id, Answer("create_charge", Result.UNKNOWN, None, "ReadTimeout", 10_003))
    for _ in range(3):
        attempts.note_call(attempt.id, Answer("query", Result.DONE, 200, "", 41))
    told = {"provider": "wechat_pay", "kind": "TRANSACTION.SUCCESS", "order_number": attempt.order_number, "body": {}}
    db.add(PaymentEvent(event_id="EV-1", status="quarantined", outcome="<b>odd</b>", **told))
    db.flush()


def test_a_session_is_shown_with_its_conversation(support: FlaskClient) -> None:
    def build() -> str:
        public_id = desk.open_session(desk.make_customer()).public_id
        talk(public_id)
        return public_id

    page = support.get(f"/console/sessions/{edge.write(build)}").text

    places = [page.index(words) for words in ("We asked for a code", "We asked what became", "The provider told us")]
    assert places == sorted(places)
    assert ("<dd>WeChat Pay</dd>" in re.sub(r"\s*(</?dd>)\s*", r"\1", page), "wechat_pay" in page) == (True, False)
    assert "no clear answer (10003 ms)" in page
    assert "answered (HTTP 200, 41 ms); 3 times, the last at" in page
    assert "&lt;b&gt;odd&lt;/b&gt;" in page


def test_a_session_is_found_by_its_order_number_and_state(support: FlaskClient) -> None:
    def build() -> tuple[str, str]:
        session = desk.open_session(desk.make_customer())
        return session.public_id, attempt_of(session.id).order_number

    public_id, order_number = edge.write(build)

    assert public_id in support.get(f"/console/sessions?q={order_number}").text
    assert public_id in support.get(f"/console/sessions?q={public_id}&status=created").text
    assert public_id not in support.get("/console/sessions?status=paid").text


def test_held_money_is_shown_with_its_refund(support: FlaskClient) -> None:
    assert "Nothing is held" in support.get("/console/held").text

    def build() -> str:
        odd = desk.open_session(desk.make_customer("Odd", "odd@shop.example"))
        desk.pay(odd, amount=4)
        return desk.pay_twice(desk.make_customer()).public_id

    public_id = edge.write(build)
    page = support.get("/console/held").text

    assert page.index(public_id) > 0
    assert "Held: paid twice" in page
    assert 'data-state="requested"' in page
    assert "CN¥0.04" in page
    assert "none asked for" in page
    assert "Refunds" in support.get(f"/console/sessions/{public_id}").text


@pytest.mark.parametrize("path", ["", "/customers", "/sessions", "/held", "/jobs", "/clock"])
def test_a_longer_list_asks_no_more(support: FlaskClient, path: str) -> None:
    def build(number: int) -> None:
        customer = desk.make_customer(f"Shop {number}", f"owner{number}@shop.example")
        desk.pay_twice(customer)
        desk.make_job("dead", "boom")

    edge.write(lambda: build(1))
    with counted() as few:
        assert support.get(f"/console{path}").status_code == 200
    for number in range(2, 5):
        edge.write(lambda number=number: build(number))  # type: ignore[misc]
    with counted() as many:
        assert support.get(f"/console{path}").status_code == 200

    assert len(many) == len(few) <= 12
