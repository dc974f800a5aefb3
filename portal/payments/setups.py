"""The conversations about stored cards, each split in what is prepared before a call and recorded after it.

No transaction is open during the call itself; the worker makes it in between.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from portal.kit import logging
from portal.payments import methods, watch
from portal.payments.methods import FORGET, LOOK_AT_SETUP, REQUEST_SETUP, stage
from portal.payments.models import PaymentMethod
from portal.payments.providers.base import Answer, Result, Setup, SetupOrder, SetupState, StoredCard
from portal.payments.states import move

_PATIENCE = timedelta(hours=24)
"""How long after its end a page is asked about that nobody can tell of; then it stored nothing that we know of."""
log = logging.logger()


@dataclass(frozen=True, slots=True)
class Holder:
    """Whose card it is, and the page of ours that the keeper's leads back to."""

    customer_id: str
    name: str
    return_url: str


def prepare_setup(method_id: UUID, holder: Holder, now: datetime) -> SetupOrder | None:
    """Return the page to ask for; None where nobody wants it any more."""
    method = methods.lock(method_id)
    if method.status != "created":
        return None
    if now >= method.expires_at:
        move(method, "expired")
        return None
    return SetupOrder(
        reference=method.public_id,
        customer_reference=holder.customer_id,
        customer=methods.known_customer(method),
        name=holder.name,
        done_url=holder.return_url,
        cancel_url=holder.return_url,
        expires_at=method.expires_at,
    )


def record_setup(method_id: UUID, answer: Answer, now: datetime) -> None:
    """Show the way to the page, or give up on a refusal, or ask again: the same page comes, or none was made."""
    method = methods.lock(method_id)
    if method.status != "created":
        return
    found = answer.setup
    if answer.result is Result.DONE and found and found.reference == method.public_id:
        facts = {"provider_customer": found.customer, "provider_setup": found.setup}
        if found.state is SetupState.OPEN:
            move(method, "open", setup_url=found.url, asks=0, **facts)
            stage(LOOK_AT_SETUP, method.id, now + watch.EVERY)
        else:
            move(method, "expired", **facts)
    elif answer.result is Result.REFUSED:
        move(method, "failed")
        log.error("setup_refused", method=method.public_id, detail=answer.detail)
    else:
        _stage_again(REQUEST_SETUP, method, now)


def prepare_look(method_id: UUID) -> str | None:
    """Return the page to ask about; None where it has ended."""
    method = methods.lock(method_id)
    return method.provider_setup if method.status == "open" else None


def record_look(method_id: UUID, answer: Answer, now: datetime) -> None:
    """Take the card in that was stored, or note the end, or look again."""
    method, stored = methods.lock_with_active(method_id)
    if method.status != "open":
        return
    found = answer.setup
    if answer.result is not Result.DONE or found is None or not _is_its_own(method, found):
        log.warning("setup_unclear", method=method.public_id, detail=answer.detail)
        if now >= method.expires_at + _PATIENCE:
            move(method, "expired")
        else:
            _stage_again(LOOK_AT_SETUP, method, now)
    elif found.card is not None:
        _take_in(method, found.card, is_first=not stored)
    elif found.state is SetupState.EXPIRED:
        move(method, "expired")
    else:
        due_at = watch.next_look(method.created_at, None, method.expires_at + _PATIENCE, now)
        stage(LOOK_AT_SETUP, method.id, due_at or now + watch.LATER_EVERY)


def _is_its_own(method: PaymentMethod, found: Setup) -> bool:
    """Whether the answer is about this page and its customer: another's card never becomes somebody's method."""
    said = (found.reference, found.setup, found.customer)
    return said == (method.public_id, method.provider_setup, method.provider_customer)


def _take_in(method: PaymentMethod, card: StoredCard, *, is_first: bool) -> None:
    move(
        method,
        "active",
        provider_method=card.method,
        brand=card.brand,
        last4=card.last4,
        exp_month=card.exp_month,
        exp_year=card.exp_year,
        is_default=is_first,
        asks=0,
    )


def prepare_forget(method_id: UUID) -> str | None:
    """Return what the keeper shall drop; None where it has."""
    method = methods.lock(method_id)
    return method.provider_method if method.status == "removing" else None


def record_forget(method_id: UUID, answer: Answer, now: datetime) -> None:
    """Note that it is gone; a refusal is told to the logs and not repeated, since nothing is charged by it here."""
    method = methods.lock(method_id)
    if method.status != "removing":
        return
    if answer.result is Result.UNKNOWN:
        _stage_again(FORGET, method, now)
        return
    if answer.result is Result.REFUSED:
        log.error("method_not_forgotten", method=method.public_id, detail=answer.detail)
    move(method, "removed")


def look_soon(provider: str, setup: str, now: datetime) -> str:
    """Look at once at a page that its keeper says has ended; return what became of the news."""
    method_id = methods.find_setup(provider, setup)
    if method_id is None:
        return "unknown_setup"
    stage(LOOK_AT_SETUP, method_id, now)
    return "looked_at"


def _stage_again(name: str, method: PaymentMethod, now: datetime) -> None:
    move(method, method.status, asks=method.asks + 1)
    stage(name, method.id, watch.next_ask(method.asks, now, method.id))
