"""What a quote asks of the database: few statements, however much the plan holds."""

import pytest

from portal.billing import checkout
from portal.kit import edge
from tests.support import running, shop
from tests.support.statements import counted

MOST = 12


@pytest.mark.parametrize("branches", [0, 5])
def test_a_quote_of_a_change_asks_less_than_a_dozen_statements(db: None, branches: int) -> None:
    customer = running.started("starter", branches)
    edge.write(lambda: None)  # what is begun anew knows nothing
    with counted() as statements:
        checkout.quote_tier(customer, "pro", shop.METHOD, edge.now())
    asked = [said for said in statements if not said.startswith(("SAVEPOINT", "RELEASE"))]
    assert len(asked) < MOST, asked
