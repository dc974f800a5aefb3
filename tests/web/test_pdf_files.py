"""Receipts, invoices and credit notes as files: what stands on the page stands in the file, in both languages."""

import re
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient

from portal.kit import config, edge
from portal.kit.config import Settings
from tests.support.everything import OWNER, World, make_everything, pay_here
from tests.support.pages import log_in
from tests.support.pdf import squeezed, text_of
from tests.support.settings import taxing

_ARTICLE = re.compile(r"<article.*?</article>", re.DOTALL)
_UNPRINTED = re.compile(r'<svg.*?</svg>|<p class="no-print[^"]*">.*?</p>', re.DOTALL)
_FIGURE = re.compile(r"\d+\.\d{2,}")
PAGES = [
    "/businesses/<business>/history/payments/<transaction_id>",
    "/businesses/<business>/history/invoices/<invoice_id>",
    "/businesses/<business>/history/credit-notes/<credit_note_id>",
]


@pytest.fixture
def world(app: Flask, settings: Settings) -> World:
    """A shop that paid an invoice with tax by a wallet of another currency, and has a credit note."""
    config.use(taxing(settings, GB="20"))
    world = edge.write(make_everything)
    edge.write(lambda: pay_here(world))
    return world


@pytest.fixture
def owner(client: FlaskClient, world: World) -> FlaskClient:
    log_in(client, OWNER)
    return client


def said_by(page: str) -> list[str]:
    """Every text of a document's page that is printed."""
    found = _ARTICLE.search(_UNPRINTED.sub("", page))
    assert found is not None
    return [text for part in re.split(r"<[^>]+>", found[0]) if (text := squeezed(unescape(part)))]


@pytest.mark.parametrize("language", ["en", "zh"])
@pytest.mark.parametrize("rule", PAGES)
def test_what_the_page_says_the_file_says(owner: FlaskClient, world: World, rule: str, language: str) -> None:
    address = world.address(rule)
    owner.post("/language", data={"locale": language, "next": "/"})
    texts, file = said_by(owner.get(address).text), text_of(owner.get(f"{address}.pdf").data)
    assert [text for text in texts if text not in file] == []
    assert sorted(_FIGURE.findall(file)) == sorted(figure for text in texts for figure in _FIGURE.findall(text))
    assert len(_FIGURE.findall(file)) >= 4


@pytest.mark.parametrize("rule", PAGES)
def test_it_is_a_file_with_the_number_for_its_name(owner: FlaskClient, world: World, rule: str) -> None:
    address = world.address(rule)
    page = owner.get(address).text
    assert f'href="{address}.pdf"' in page
    answer = owner.get(f"{address}.pdf")
    assert answer.content_type == "application/pdf"
    assert answer.data.startswith(b"%PDF-1.7")
    number = re.search(r"(?:INV|CN)-\d{4}-\d{6}", page)
    assert number is not None
    name = number[0] if "/payments/" not in rule else f"receipt-{number[0]}"
    assert answer.headers["Content-Disposition"] == f'attachment; filename="{name}.pdf"'
    assert answer.data == owner.get(f"{address}.pdf").data


def test_a_payment_that_came_to_nothing_has_no_file(owner: FlaskClient, world: World) -> None:
    quote = owner.post(world.address("/businesses/<business>/plan/quote"), data={"tier": "enterprise"}).location
    owner.post(f"{quote}/confirm")
    newest = re.findall(r'href="(/businesses/\w+/history/payments/\w+)"', owner.get("/history").text)[0]
    assert ("Receipt" in owner.get(newest).text, owner.get(f"{newest}.pdf").status_code) == (False, 404)


def test_what_is_not_there_has_no_file(owner: FlaskClient, world: World) -> None:
    for rule in PAGES:
        assert owner.get(world.address(rule)[:-1] + ".pdf").status_code == 404
