"""A page asks the same number of questions, however much it shows."""

import pytest
from flask.testing import FlaskClient

from portal.billing import checkout
from portal.invoicing import customers
from portal.kit import edge
from portal.payments import sessions
from tests.support import shop
from tests.support.everything import OWNER, World, make_everything, pay_here
from tests.support.pages import log_in
from tests.support.statements import counted

PAGES = {
    "/": 6,
    "/directory": 8,
    "/directory/{slug}": 8,
    "/pay/{session}": 11,
    "/dashboard": 16,
    "/history": 9,
    "/history/invoices": 9,
    "/businesses/{business}/history/payments/{transaction_id}": 12,
    "/businesses/{business}/branches": 8,
    "/businesses/{business}/products": 9,
    "/businesses/{business}/plan": 15,
    "/businesses/{business}/team": 9,
}
"""The most that each page may ask, log-in and access included."""
PAID = {"/directory/{slug}", "/businesses/{business}/history/payments/{transaction_id}"}
"""Pages that show something only once it is paid."""


@pytest.fixture
def world(db: None) -> World:
    return edge.write(make_everything)


def more(world: World) -> None:
    """Three more payments that came to nothing, and three more branches."""
    customer = customers.of_business(world.business, edge.now())
    for number in range(3):
        quote = checkout.quote_start(customer, "pro", shop.METHOD, edge.now())
        sessions.cancel(shop.open_session(customer, quote).public_id, edge.now())
        shop.make_branch(world.business, f"Further {number}")


@pytest.mark.parametrize("path", PAGES)
def test_more_rows_ask_no_more_questions(client: FlaskClient, world: World, path: str) -> None:
    edge.write(lambda: sessions.cancel(world.ids["session"], edge.now()))
    edge.write(lambda: pay_here(world) if path in PAID else None)
    log_in(client, OWNER)
    address = path.format(**world.ids)
    client.get(address)
    with counted() as few:
        assert client.get(address).status_code == 200
    if path not in PAID:
        edge.write(lambda: more(world))
    with counted() as many:
        assert client.get(address).status_code == 200
    assert len(many) == len(few) <= PAGES[path]
