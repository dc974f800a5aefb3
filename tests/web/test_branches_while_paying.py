"""While a payment for branches is under way, what it rests on stays (product.md, Quotes bind)."""

import pytest
from flask.testing import FlaskClient

from portal.directory import branches
from portal.kit import edge
from portal.payments import sessions
from tests.support import shop
from tests.support.pages import log_in


@pytest.mark.parametrize("change", ["main", "remove"])
def test_branches_of_a_payment_under_way_stay(client: FlaskClient, db: None, change: str) -> None:
    def begin() -> tuple[str, str, str]:
        business = shop.make_business(shop.make_owner())
        second = shop.make_branch(business, "Second")
        customer = shop.make_customer(business)
        session = shop.open_session(customer, shop.make_quote(customer))
        branch = next(branch for branch in branches.list_live(business.id) if branch.id == second)
        return business.public_id, branch.public_id, session.public_id

    business, branch, session = edge.write(begin)
    log_in(client, "ann@shop.example")
    address = f"/businesses/{business}/branches/{branch}/{change}"
    assert client.post(address).status_code == 409
    edge.write(lambda: sessions.cancel(session, edge.now()))
    assert client.post(address).status_code == 303
