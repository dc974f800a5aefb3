"""The ways in which a customer can pay: a wallet that scans a code, and the card that is stored."""

from uuid import UUID

from portal.kit.errors import NotFound
from portal.kit.money import Money
from portal.payments import methods, minimums
from portal.payments.errors import MethodNotStored
from portal.payments.models import PaymentMethod

WALLET = "wechat_pay"
CARD = methods.PROVIDER


def check(method: str) -> None:
    """Make sure that a way to pay is one of ours.

    :raises NotFound: it is not.
    """
    if method not in (WALLET, CARD):
        raise NotFound


def find_card(customer_id: UUID, due: Money) -> PaymentMethod | None:
    """Return the stored card that can pay ``due``: the default one, unless that is less than cards are charged."""
    if not methods.is_offered() or due < minimums.of_cards(due.currency):
        return None
    return methods.find_default(customer_id)


def get_card(customer_id: UUID, due: Money) -> PaymentMethod:
    """Return the stored card that pays ``due``.

    :raises MethodNotStored: none can.
    """
    card = find_card(customer_id, due)
    if card is None:
        raise MethodNotStored
    return card
