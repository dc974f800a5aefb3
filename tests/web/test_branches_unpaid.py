"""What the page of branches offers where none can be added, and what it says of those that nobody sees."""

import re
from collections.abc import Callable

import pytest
from flask.testing import FlaskClient

from portal.billing import checkout, dunning
from portal.invoicing.models import Customer
from portal.kit import edge
from tests.billing.test_restoration import owed, suspended
from tests.support import running, shop
from tests.support.pages import log_in


def late() -> Customer:
    customer = running.started("pro", branches=1)
    running.until(shop.day(2027, 5, 1))
    dunning.collect(owed(customer).id, edge.now())
    return customer


def asleep() -> Customer:
    customer = running.started("pro", branches=1)
    quote = checkout.quote_hibernation(customer, None, shop.METHOD, edge.now())
    assert checkout.start_payment(customer, quote, shop.METHOD, edge.now()) is None
    return customer


def hidden() -> Customer:
    return suspended(running.started("pro", branches=1))


@pytest.mark.parametrize(
    ("start", "is_offered", "badge", "leads_to"),
    [
        (lambda: running.started("pro", branches=1), True, "Shown", []),
        (late, False, "Shown", [("plan", "See what is owed")]),
        (asleep, True, "Hidden", [("hibernation", "Wake it")]),
        (hidden, False, "Hidden", [("plan", "Bring it back")]),
    ],
    ids=["running", "late", "asleep", "hidden"],
)
def test_a_branch_is_offered_where_it_would_be_taken(
    client: FlaskClient, start: Callable[[], Customer], is_offered: bool, badge: str, leads_to: list[tuple[str, str]]
) -> None:
    home = f"/businesses/{edge.write(lambda: running.business_of(start()).public_id)}"
    log_in(client, "ann@shop.example")
    main = client.get(f"{home}/branches").text.split('<main id="content"')[1].split("<footer")[0]
    assert ("Add a branch" in main) == is_offered
    assert re.findall(r"<span>(Shown|Hidden)</span>", main) == [badge, badge]
    links = re.findall(rf'<a href="{home}/(plan|hibernation)"[^>]*>(.*?)</a>', main, re.DOTALL)
    assert [(page, re.sub(r"<[^>]*>|\s+", " ", said).strip()) for page, said in links] == leads_to
