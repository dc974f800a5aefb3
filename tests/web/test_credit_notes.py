"""Credit notes in the pages: among the invoices, on the invoice that they correct, and as a document of their own."""

import re

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.invoicing.models import Customer
from portal.kit import config, edge
from portal.kit.config import Settings
from tests.billing.test_restoration import suspended
from tests.invoicing.papers import credit, make_customer, make_invoice
from tests.support import running, shop
from tests.support.pages import log_in
from tests.support.settings import taxing

_NOTE = re.compile(r'href="(/businesses/\w+/history/credit-notes/cn_\w+)"')
_INVOICE = re.compile(r'href="(/businesses/\w+/history/invoices/inv_\w+)"')


@pytest.fixture
def customer(db: None) -> Customer:
    return edge.write(make_customer)


@pytest.fixture
def owner(client: FlaskClient, customer: Customer) -> FlaskClient:
    """Ann, of whose invoice over £5.00 that nobody has paid £1.20 were credited."""
    edge.write(lambda: credit(make_invoice(customer, 500), 120))
    log_in(client, "ann@shop.example")
    return client


def note_address(owner: FlaskClient) -> str:
    found = _NOTE.search(owner.get("/history/invoices").text)
    assert found is not None
    return found[1]


def test_it_stands_among_the_invoices_and_leads_to_the_one_it_corrects(owner: FlaskClient) -> None:
    listed = owner.get("/history/invoices").text
    assert "−£1.20" in listed
    assert "Credit for a change" in listed
    page = owner.get(note_address(owner)).text
    for said in ("Credit note", "CN-", "Harbour Directory", "£1.20 × 1 month = £1.20", "Taken off what was owed"):
        assert said in page
    assert "Added to your credit" not in page
    invoice = _INVOICE.search(page)
    assert invoice is not None
    shown = owner.get(invoice[1]).text
    assert "£3.80" in shown
    assert "−£1.20" in shown
    assert note_address(owner) in shown


def test_what_was_paid_is_said_to_be_credit_now(owner: FlaskClient, customer: Customer) -> None:
    def build() -> str:
        invoice = make_invoice(customer, 300)
        credit(invoice, 300)
        return invoice.public_id

    shown = owner.get(f"/businesses/{owner_business(owner)}/history/invoices/{edge.write(build)}").text
    assert 'data-state="credited"' in shown
    assert "Still to pay" not in shown


def owner_business(owner: FlaskClient) -> str:
    return note_address(owner).split("/")[2]


def test_both_languages_say_it(owner: FlaskClient) -> None:
    address = note_address(owner)
    owner.post("/language", data={"locale": "zh", "next": "/"})
    page = owner.get(address).text
    assert "贷记" in page
    assert "Credit" not in page.partition("<main")[2]


@pytest.mark.parametrize(
    ("asked", "numbers"),
    [("", ["CN", "INV"]), ("status=open", ["INV"]), ("status=credited", ["CN"]), ("status=paid", [])],
)
def test_a_filter_finds_them_and_the_file_has_them_below_zero(
    owner: FlaskClient, asked: str, numbers: list[str]
) -> None:
    shown = owner.get(f"/history/invoices?{asked}").text
    rows = owner.get(f"/history/invoices.csv?{asked}").text.splitlines()[1:]
    assert re.findall(r">(CN|INV)-\d{4}-\d{6}<", shown) == [row.partition("-")[0] for row in rows] == numbers
    assert [row.split(",")[4] for row in rows if row.startswith("CN")] == ["-1.20"] * numbers.count("CN")


def test_an_invoice_credited_away_is_found_as_credited_and_not_as_paid(owner: FlaskClient, customer: Customer) -> None:
    edge.write(lambda: credit(make_invoice(customer, 300), 300))
    assert owner.get("/history/invoices?status=credited").text.count('<th scope="row">') == 3
    assert owner.get("/history/invoices?status=paid").text.count('<th scope="row">') == 0


def test_it_is_nobody_elses(app: Flask, owner: FlaskClient) -> None:
    stranger = app.test_client()
    address = note_address(owner)
    assert stranger.get(address).status_code == 302
    edge.write(lambda: shop.make_business(shop.make_owner("bob@shop.example"), "Other"))
    log_in(stranger, "bob@shop.example")
    assert stranger.get(address).status_code == 404
    assert owner.get(address[:-1] + "_").status_code == 404


def test_pages_go_through_both_in_their_order(owner: FlaskClient, customer: Customer) -> None:
    def build() -> None:
        for _ in range(11):
            credit(make_invoice(customer, 100), 50)

    edge.write(build)
    pages = [
        re.findall(r">((?:CN|INV)-\d{4}-\d{6})<", owner.get(f"/history/invoices?page={n}").text) for n in (1, 2, 3)
    ]
    assert [len(page) for page in pages] == [20, 4, 0]
    assert len({number for page in pages for number in page}) == 24


def test_both_documents_say_the_tax_in_them(owner: FlaskClient, customer: Customer, settings: Settings) -> None:
    config.use(taxing(settings, GB="5.5"))

    def build() -> tuple[str, str]:
        invoice = make_invoice(customer, 300)
        return invoice.public_id, credit(invoice, 100).public_id

    invoice_id, note_id = edge.write(build)
    folder = f"/businesses/{owner_business(owner)}/history"
    assert "includes £0.16 tax at 5.5%" in owner.get(f"{folder}/invoices/{invoice_id}").text
    assert "includes £0.06 tax at 5.5%" in owner.get(f"{folder}/credit-notes/{note_id}").text
    untaxed = _NOTE.findall(owner.get("/history/invoices").text)[-1]
    assert "tax at" not in owner.get(untaxed).text


def test_what_was_not_shown_is_credited_as_that(client: FlaskClient) -> None:
    edge.write(lambda: suspended(running.started("pro", branches=1)))
    log_in(client, "ann@shop.example")
    listed = client.get("/history/invoices").text
    assert ("Credit for days not shown" in listed, "Credit for a change" in listed) == (True, False)
    note = client.get(note_address(client)).text
    assert ("Credit for days not shown" in note, "Credit for a change" in note) == (True, False)
