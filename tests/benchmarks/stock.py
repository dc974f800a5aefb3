"""Shops that are about to pay, made by the product's own functions: what the benches of payments work on."""

from collections.abc import Callable
from itertools import count

from portal.directory.models import Business
from portal.identity import queries
from portal.kit import edge
from tests.support import running, shop

OWNER = "stock@shop.example"
_numbers = count(1)


def quoted(number: int) -> list[str]:
    """Make so many shops of one owner, each with a quote; return the paths of the quotes."""

    def quote(business: Business) -> str:
        stored = shop.make_quote(shop.make_customer(business))
        return f"/businesses/{business.public_id}/plan/quote/{stored.public_id}"

    return _shops(number, quote)


def opened(number: int) -> list[str]:
    """Make so many shops of one owner, each with an open session; return the sessions' public ids."""

    def open_(business: Business) -> str:
        customer = shop.make_customer(business)
        return shop.open_session(customer, shop.make_quote(customer)).public_id

    return _shops(number, open_)


def started(number: int) -> list[str]:
    """Make so many shops of one owner, each with a plan that has just been paid for; return the customers' keys."""

    def start(business: Business) -> str:
        customer = shop.make_customer(business)
        assert running.paid(customer, shop.make_quote(customer, "starter")) == "paid"
        return str(customer.id)

    return _shops(number, start)


def _shops(number: int, then: Callable[[Business], str]) -> list[str]:
    owner = edge.write(lambda: queries.find_user(OWNER) or shop.make_owner(OWNER))
    make: Callable[[], str] = lambda: then(shop.make_business(owner, f"Shop {next(_numbers)}"))  # noqa: E731
    return [edge.write(make) for _ in range(number)]
