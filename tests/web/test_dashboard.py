"""The first page names the next charge as it will be made: what was chosen, the credit and the card are in it."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from html import unescape

import pytest
from flask.testing import FlaskClient

from portal.billing import at_period_end, branch_batches, checkout, dunning, ways
from portal.invoicing.models import Customer
from portal.kit import edge
from portal.payments import methods
from tests.billing.test_open_invoices import newest, opened
from tests.billing.test_restoration import suspended
from tests.support import counting, running, shop
from tests.support.everything import store_card
from tests.support.pages import log_in
from tests.support.statements import counted


def test_before_a_plan_no_limit_is_told(client: FlaskClient) -> None:
    edge.write(lambda: shop.make_business(shop.make_owner()).id)
    log_in(client, "ann@shop.example")
    page = client.get("/dashboard").text
    assert ("no limit" in page, "In your catalogue" in page) == (False, True)


def choose_starter(customer: Customer) -> None:
    at_period_end.choose_tier(customer, "starter", edge.now())


def prepay(customer: Customer, amount: int) -> None:
    shop.give_credit(running.invoices_of(customer)[0].id, amount)


def add_a_branch(customer: Customer) -> None:
    business = running.business_of(customer)
    branch_batches.add(customer, business.id, edge.now(), may_spend=True, **shop.place("Harbour"))


def carry_a_branch(customer: Customer) -> None:
    store_card(customer)
    running.until(datetime(2027, 4, 28, tzinfo=UTC))
    add_a_branch(customer)
    quote = checkout.quote_batch(customer, shop.METHOD, edge.now())
    assert checkout.start_payment(customer, quote, ways.CARD, edge.now()) is None


def owe_what_was_carried(customer: Customer) -> None:
    carry_a_branch(customer)
    methods.remove(customer.id, methods.list_shown(customer.id)[0].public_id, edge.now())
    running.until(datetime(2027, 5, 1, tzinfo=UTC))


def pay_ahead(customer: Customer) -> None:
    running.until(datetime(2027, 4, 28, tzinfo=UTC))
    assert running.pay(opened(customer, newest(customer))) == "paid"


def begin(client: FlaskClient, happens: Callable[[Customer], object]) -> None:
    """A plan runs, something happens to it, and its owner comes."""
    customer = edge.write(lambda: running.started("pro"))
    edge.write(lambda: happens(customer))
    log_in(client, "ann@shop.example")


@pytest.mark.parametrize(
    ("happens", "said"),
    [
        (lambda _: None, "£3.00 on 1 May 2027 Renewal You get a link to pay it."),
        (store_card, "£3.00 on 1 May 2027 Renewal Your card pays it."),
        (choose_starter, "£1.00 on 1 May 2027 Renewal You get a link to pay it."),
        (lambda customer: prepay(customer, 300), "£3.00 on 1 May 2027 Renewal Your credit pays it."),
        (
            lambda customer: prepay(customer, 120),
            "£3.00 on 1 May 2027 Renewal Your credit pays £1.20 of it. You get a link to pay it.",
        ),
        (add_a_branch, "£0.97 on 2 Apr 2027 Branches You get a link to pay it."),
        (
            carry_a_branch,
            "£4.00 on 1 May 2027 Renewal Your card pays it. £0.10 carried from earlier invoices is added.",
        ),
        (pay_ahead, "£3.00 on 1 Jun 2027 Renewal You get a link to pay it."),
        (lambda customer: at_period_end.cancel(customer, edge.now()), "Nothing due"),
    ],
    ids=["a month", "a card", "another tier", "credit", "some credit", "a branch", "carried", "paid ahead", "the end"],
)
def test_the_next_charge_is_what_will_be_made(
    client: FlaskClient, happens: Callable[[Customer], object], said: str
) -> None:
    begin(client, happens)
    assert tile(client, "Next charge") == said


def test_each_of_the_latest_payments_says_what_paid_it(client: FlaskClient) -> None:
    begin(client, lambda customer: (prepay(customer, 300), running.until(datetime(2027, 5, 1, tzinfo=UTC))))
    latest = client.get("/dashboard").text.partition('<ul class="ledger-list">')[2]
    assert re.findall(r"· ([^<]+)</p>", latest) == ["Credit balance", "WeChat Pay"]


def test_what_is_owed_is_told_with_what_was_carried(client: FlaskClient) -> None:
    begin(client, owe_what_was_carried)
    assert tile(client, "Still owed") == "£4.00 due on 1 May 2027 £0.10 carried from earlier invoices is added."


def test_of_what_is_hidden_only_what_is_owed_is_told(client: FlaskClient) -> None:
    begin(client, suspended)
    assert tile(client, "Still owed") == "£1.35 due on 1 May 2027"
    assert tile(client, "Plan") == "Pro Suspended"


@pytest.mark.parametrize(("happens", "asked"), [(lambda _: None, 9), (add_a_branch, 16)], ids=["a month", "a branch"])
def test_it_asks_so_much_whatever_there_is(
    client: FlaskClient, happens: Callable[[Customer], object], asked: int
) -> None:
    begin(client, happens)
    client.get("/dashboard")
    with counted() as statements:
        client.get("/dashboard")
    assert len(statements) == asked


def fall_asleep(customer: Customer) -> None:
    quote = checkout.quote_hibernation(customer, None, shop.METHOD, edge.now())
    assert checkout.start_payment(customer, quote, shop.METHOD, edge.now()) is None


def overdue(customer: Customer) -> None:
    running.until(datetime(2027, 5, 1, tzinfo=UTC))
    dunning.collect(newest(customer).id, edge.now())


@pytest.mark.parametrize(
    ("happens", "wanted"),
    [
        (add_a_branch, "1 branch waits to be settled See what it costs"),
        (
            lambda customer: counting.add(customer, 101),
            "You have more products than your tier holds See what can be done",
        ),
        (
            lambda _: running.until(datetime(2027, 4, 28, tzinfo=UTC)),
            "An invoice waits to be paid £3.00, due on 1 May 2027. See and pay",
        ),
        (overdue, "An invoice is overdue £3.00, due on 1 May 2027. See and pay"),
        (suspended, "Your listing is hidden Bring it back"),
        (fall_asleep, "Your listing hibernates Wake it"),
        (choose_starter, "Your tier becomes Starter on 1 May 2027 See or take back"),
    ],
    ids=["a branch", "products", "an invoice", "overdue", "hidden", "asleep", "chosen"],
)
def test_it_says_what_wants_to_be_done(client: FlaskClient, happens: Callable[[Customer], object], wanted: str) -> None:
    begin(client, happens)
    notice = re.search(r'<section class="notice.*?(?=<div class="grid-3">)', client.get("/dashboard").text, re.DOTALL)
    assert notice is not None
    assert in_words(notice[0]) == wanted


def tile(client: FlaskClient, label: str) -> str:
    """What a tile of the first page says, but for its link."""
    found = re.search(rf'stat-label">{label}</p>(.*?)</section>', client.get("/dashboard").text, re.DOTALL)
    assert found is not None
    return in_words(re.sub(r"<a .*?</a>", " ", found[1]))


def in_words(page: str) -> str:
    return " ".join(unescape(re.sub(r"<svg.*?</svg>|<[^>]+>", " ", page, flags=re.DOTALL)).split())
