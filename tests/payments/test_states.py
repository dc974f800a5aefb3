"""The tables of moves: every pair of states is either allowed by the table or refused, and ended things stay ended."""

from itertools import product

import pytest

from portal.billing import states as billing_states
from portal.billing.models import Subscription
from portal.kit.moves import ForbiddenMove
from portal.payments.models import MembershipTransaction, PaymentAttempt, PaymentEvent, PaymentSession
from portal.payments.states import LIVE_ATTEMPT, LIVE_SESSION, MOVES, move

EVERY = [(kind, *pair) for kind, moves in MOVES.items() for pair in product(moves, repeat=2)]
MONEY = {PaymentSession: {"paid"}, PaymentAttempt: {"succeeded"}, MembershipTransaction: {"completed"}}


@pytest.mark.parametrize(("kind", "state", "wanted"), EVERY, ids=lambda value: getattr(value, "__name__", value))
def test_every_move(kind: type, state: str, wanted: str) -> None:
    thing = kind(status=state)
    if wanted == state or wanted in MOVES[kind][state]:
        move(thing, wanted)
        assert thing.status == wanted
    else:
        with pytest.raises(ForbiddenMove, match=f"{kind.__name__}: {state} -> {wanted}"):
            move(thing, wanted)
        assert thing.status == state


def test_tables_are_closed_and_name_live_states() -> None:
    for moves in (*MOVES.values(), billing_states.MOVES):
        assert set().union(*moves.values()) <= moves.keys()
    assert set(LIVE_SESSION) <= MOVES[PaymentSession].keys()
    assert set(LIVE_ATTEMPT) <= MOVES[PaymentAttempt].keys()


@pytest.mark.parametrize("kind", MONEY, ids=lambda kind: kind.__name__)
def test_money_reaches_everything_that_has_not_got_it_and_never_leaves(kind: type) -> None:
    for state, allowed in MOVES[kind].items():
        if state in MONEY[kind] | {"refunded"}:
            assert allowed <= {"refunded"}
        else:
            assert MONEY[kind] <= allowed, state
    assert all(not MOVES[PaymentEvent][ended] for ended in ("applied", "ignored", "quarantined"))


@pytest.mark.parametrize(("state", "wanted"), list(product(billing_states.MOVES, repeat=2)))
def test_every_move_of_a_subscription(state: str, wanted: str) -> None:
    subscription = Subscription(status=state)
    if wanted == state or wanted in billing_states.MOVES[state]:
        billing_states.move(subscription, wanted)
        assert subscription.status == wanted
    else:
        with pytest.raises(ForbiddenMove):
            billing_states.move(subscription, wanted)
