"""The table of moves of invoices: drafts are issued or withdrawn, issued ones are paid, and what ended stays ended."""

from itertools import product

import pytest

from portal.invoicing.models import Invoice
from portal.invoicing.states import MOVES, move
from portal.kit.moves import ForbiddenMove


@pytest.mark.parametrize(("state", "wanted"), list(product(MOVES, repeat=2)))
def test_every_move(state: str, wanted: str) -> None:
    invoice = Invoice(status=state)
    if wanted == state or wanted in MOVES[state]:
        move(invoice, wanted)
        assert invoice.status == wanted
    else:
        with pytest.raises(ForbiddenMove, match=f"Invoice: {state} -> {wanted}"):
            move(invoice, wanted)
        assert invoice.status == state
