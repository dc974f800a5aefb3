"""Everything that has states: each pair of them is a move that its table allows, or is refused and changes nothing."""

from itertools import product
from typing import Any

import pytest

from portal.billing import states as billing
from portal.billing.models import Subscription
from portal.invoicing import states as invoicing
from portal.invoicing.models import Invoice
from portal.kit.moves import ForbiddenMove
from portal.payments import states as payments

TABLES: dict[type, dict[str, set[str]]] = {
    **payments.MOVES,
    Subscription: billing.MOVES,
    Invoice: invoicing.MOVES,
}
MOVE: dict[type, Any] = {
    **dict.fromkeys(payments.MOVES, payments.move),
    Subscription: billing.move,
    Invoice: invoicing.move,
}
EVERY = [(kind, *pair) for kind, moves in TABLES.items() for pair in product(moves, repeat=2)]


@pytest.mark.parametrize(("kind", "state", "wanted"), EVERY, ids=lambda value: getattr(value, "__name__", value))
def test_every_move(kind: type, state: str, wanted: str) -> None:
    thing = kind(status=state)
    if wanted == state or wanted in TABLES[kind][state]:
        MOVE[kind](thing, wanted)
        assert thing.status == wanted
    else:
        with pytest.raises(ForbiddenMove, match=f"{kind.__name__}: {state} -> {wanted}"):
            MOVE[kind](thing, wanted)
        assert thing.status == state


def test_every_move_leads_into_a_state_of_its_table() -> None:
    for moves in TABLES.values():
        assert set().union(*moves.values()) <= moves.keys()
