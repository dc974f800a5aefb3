"""Shops that are about to pay, made by the product's own functions: what the benches of payments work on."""

from collections.abc import Callable

from portal.directory.models import Business
from portal.kit import edge
from tests.support import shop

OWNER = "stock@shop.example"


def quoted(count: int) -> list[str]:
    """Make so many shops of one owner, each with a quote; return the paths of the quotes."""

    def quote(business: Business) -> str:
        stored = shop.make_quote(shop.make_customer(business))
        return f"/businesses/{business.public_id}/plan/quote/{stored.public_id}"

    return _shops(count, quote)


def opened(count: int) -> list[str]:
    """Make so many shops of one owner, each with an open session; return the sessions' public ids."""

    def open_(business: Business) -> str:
        customer = shop.make_customer(business)
        return shop.open_session(customer, shop.make_quote(customer)).public_id

    return _shops(count, open_)


def _shops(count: int, then: Callable[[Business], str]) -> list[str]:
    owner = edge.write(lambda: shop.make_owner(OWNER))
    make: Callable[[int], str] = lambda number: then(shop.make_business(owner, f"Shop {number}"))  # noqa: E731
    return [edge.write(lambda number=number: make(number)) for number in range(count)]  # type: ignore[misc]
