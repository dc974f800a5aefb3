"""The tables of moves of what is paid: money reaches everything that waits for it, and ended things stay ended."""

import pytest

from portal.payments.models import MembershipTransaction, PaymentAttempt, PaymentEvent, PaymentSession
from portal.payments.states import LIVE_ATTEMPT, LIVE_SESSION, MOVES

MONEY = {PaymentSession: {"paid"}, PaymentAttempt: {"succeeded"}, MembershipTransaction: {"completed"}}


def test_what_is_live_is_a_state() -> None:
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
