"""Payments taken in by the door that all of them take, one transaction each."""

from collections.abc import Callable

from portal.billing.apply_payment import apply_payment
from portal.kit import edge
from portal.payments.queries import get_session
from tests.benchmarks import stock
from tests.benchmarks.harness import Bench, at_least
from tests.benchmarks.place import Place
from tests.benchmarks.replay import Work, beside_replay
from tests.support import shop

_PAYMENTS = 200


def _prepared() -> Callable[[str], object]:
    def apply(public_id: str) -> None:
        session = get_session(public_id)
        assert apply_payment(session, shop.evidence_for(session), edge.now()) == "paid"

    return lambda public_id: edge.write(lambda: apply(public_id))


BENCH: Bench[Place] = Bench(
    name="apply_payment",
    work="payments applied",
    unit="payments/s",
    goal=at_least(0.5),
    sides=lambda place: beside_replay(
        place,
        Work(
            stock=lambda: stock.opened(_PAYMENTS),
            prepared=_prepared,
            done="SELECT count(*) FROM ledger_postings WHERE recipe = 'payment_received'",
        ),
    ),
)
