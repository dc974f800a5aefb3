"""Quotes of a change to a running plan, stored one by one, as the page that shows them does."""

from collections.abc import Callable
from uuid import UUID

from portal.billing import checkout
from portal.invoicing import customers
from portal.kit import edge
from tests.benchmarks import stock
from tests.benchmarks.harness import Bench, at_least
from tests.benchmarks.place import Place
from tests.benchmarks.replay import Work, beside_replay
from tests.support import shop

_QUOTES = 200


def _prepared() -> Callable[[str], object]:
    def quote(customer_id: str) -> object:
        return checkout.quote_tier(customers.get(UUID(customer_id)), "pro", shop.METHOD, edge.now())

    return lambda customer_id: edge.write(lambda: quote(customer_id))


BENCH: Bench[Place] = Bench(
    name="quote",
    work="quotes of a change",
    unit="quotes/s",
    goal=at_least(0.5),
    sides=lambda place: beside_replay(
        place,
        Work(
            stock=lambda: stock.started(_QUOTES),
            prepared=_prepared,
            done="SELECT count(*) FROM quotes WHERE kind = 'subscription_change'",
        ),
    ),
)
