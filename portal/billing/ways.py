"""The ways in which a customer can pay: a wallet that scans a code, and the card that is stored."""

from datetime import datetime
from uuid import UUID

from portal.currency import rates
from portal.currency.conversion import Rate, convert
from portal.currency.errors import RatesStale
from portal.kit.errors import NotFound
from portal.kit.money import Money
from portal.payments import attempts, methods, minimums, sessions
from portal.payments.errors import AttemptUnresolved, MethodNotStored
from portal.payments.models import PaymentMethod
from portal.payments.providers import registry
from portal.payments.queries import attempt_of
from portal.payments.sessions import UnderWay

WALLET = "wechat_pay"
CARD = methods.PROVIDER


def check(method: str) -> None:
    """Make sure that a way to pay is one of ours.

    :raises NotFound: it is not.
    """
    if method not in (WALLET, CARD):
        raise NotFound


def find_card(customer_id: UUID) -> PaymentMethod | None:
    """Return the stored card by which a customer pays: the default one."""
    return methods.find_default(customer_id) if methods.is_offered() else None


def is_too_little(amount: Money) -> bool:
    """Whether ``amount`` is less than cards are charged: then it is carried to the next payment."""
    return amount < minimums.of_cards(amount.currency)


def get_card(customer_id: UUID) -> PaymentMethod:
    """Return the stored card by which a customer pays.

    :raises MethodNotStored: there is none.
    """
    card = find_card(customer_id)
    if card is None:
        raise MethodNotStored
    return card


def collected(due: Money, method: str, now: datetime) -> tuple[Money, Rate | None]:
    """Return what ``due`` is collected as: by a card as it is, by the wallet in its currency at the newest rate.

    :raises RatesStale: the rate is older than seven days.
    """
    settles_in = due.currency if method == CARD else registry.get(method).settles_in
    if settles_in == due.currency:
        return due, None
    rate = rates.newest(due.currency, settles_in, now)
    return convert(due, rate), rate


def is_wallet_ready(currency: str, now: datetime) -> bool:
    """Whether the wallet can be asked for money of a currency: it takes it, or the rate is not too old."""
    try:
        collected(Money.zero(currency), WALLET, now)
    except RatesStale:
        return False
    return True


def is_under_way(live: UnderWay, method: str, now: datetime) -> bool:
    """Whether a live payment is made in this way already; one in another way ends, so that this may begin.

    :raises AttemptUnresolved: its fate is not known yet, or its card is being charged this moment.
    """
    session, attempt = attempts.lock(live.id, attempt_of(live.id).id)
    if attempt.status == "unknown":
        raise AttemptUnresolved
    if session.provider == method:
        return True
    if session.method_id is not None and attempt.status == "submitted":
        raise AttemptUnresolved
    sessions.end(session, attempt, "cancelled", now, "paid_otherwise")
    return False
