"""An order as its provider is spoken to about it: a wallet's by our number, a stored card's by its card too.

It is put together in a transaction and sent outside of any (``worker/jobs/payments.py``).
"""

from dataclasses import dataclass
from datetime import datetime

from portal.kit import config
from portal.payments import methods
from portal.payments.models import PaymentAttempt, PaymentSession
from portal.payments.providers.base import ChargeOrder, StoredCharge

_DESCRIPTION = "Directory listing"


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be paid at ``provider``, and ``since`` when it may know of it."""

    provider: str
    wanted: ChargeOrder | StoredCharge
    since: datetime


def order_of(session: PaymentSession, attempt: PaymentAttempt) -> Order:
    """Return the order of an attempt, the same values whenever it is asked for."""
    description = f"{config.current().seller.name}: {_DESCRIPTION}"[:40]
    wanted: ChargeOrder | StoredCharge
    if session.method_id is None:
        wanted = ChargeOrder(attempt.order_number, attempt.asked, description, attempt.payable_until)
    else:
        card = methods.get_by_id(session.method_id)
        wanted = StoredCharge(
            order_number=attempt.order_number,
            money=attempt.asked,
            description=description,
            customer=str(card.provider_customer),
            method=str(card.provider_method),
            return_url=None if session.is_automatic else f"{config.current().base_url}/pay/{session.public_id}",
        )
    return Order(session.provider, wanted, attempt.created_at)
