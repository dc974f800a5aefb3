"""The open batch on the page of branches: its price as it stands, settled by one button, and who may do what."""

import re
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient

from portal.directory import branches
from portal.directory.models import Business
from portal.identity.permissions import Role
from portal.insights import invariants
from portal.kit import edge
from portal.payments.queries import get_session
from tests.support import running, shop
from tests.support.pages import log_in
from tests.web.test_branches import NEW


@pytest.fixture
def business(db: None) -> Iterator[Business]:
    """One that pays for Starter and a further branch from the first of a month of 30 days on."""
    yield edge.write(lambda: running.business_of(running.started("starter", branches=1)))
    assert invariants.violations() == []


def named(business: Business, name: str) -> str:
    live = edge.write(lambda: branches.list_live(business.id))
    return next(branch.public_id for branch in live if branch.name == name)


def test_the_page_tells_what_it_costs_today_and_one_button_settles_it(owner: FlaskClient, business: Business) -> None:
    address = f"/businesses/{business.public_id}/branches"
    assert "Not settled yet" not in owner.get(address).text
    assert owner.post(f"{address}/new", data=NEW).status_code == 303
    further = named(business, "Further 0")
    assert owner.post(f"{address}/{further}/remove").status_code == 303
    page = owner.get(address).text
    for told in (
        "Branch High Street",
        "Branch Further 0, given back",
        "£1.00 × 30 of 30 days",
        "when the day ends",
    ):
        assert told in page
    assert owner.post(f"{address}/{further}/keep").status_code == 303

    quote = str(owner.post(f"/businesses/{business.public_id}/branch-batch/settle").location)
    assert "Your branches" in owner.get(quote).text
    payment = str(owner.post(quote + "/confirm").location)
    assert "Branches" in owner.get(payment).text
    session = payment.removeprefix("/pay/")
    assert edge.write(lambda: running.pay(get_session(session))) == "paid"

    assert "Not settled yet" not in owner.get(address).text
    assert "High Street" in owner.get(f"/directory/{business.slug}").text
    assert owner.post(f"/businesses/{business.public_id}/branch-batch/settle").status_code == 409


def test_a_managers_branch_waits_for_the_owner_to_agree(owner: FlaskClient, business: Business) -> None:
    address = f"/businesses/{business.public_id}/branches"
    edge.write(lambda: shop.make_member(business, "cy@shop.example", Role.MANAGER))
    manager = owner.application.test_client()
    log_in(manager, "cy@shop.example")
    assert manager.post(f"{address}/new", data=NEW).status_code == 303
    page = manager.get(address).text
    assert "The owner has to agree" in page
    assert "/agree" not in page
    assert manager.post(f"{address}/{named(business, NEW['name'])}/agree").status_code == 403
    assert manager.post(f"/businesses/{business.public_id}/branch-batch/settle").status_code == 403
    assert "Not settled yet" not in page

    [agree] = re.findall(r'action="(\S+/agree)"', owner.get(address).text)
    assert owner.post(agree).status_code == 303
    assert "Branch High Street" in manager.get(address).text
    assert "/settle" not in manager.get(address).text
