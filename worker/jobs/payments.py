"""Jobs of collecting money: conversations with providers, and what their answers set in motion."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from portal.billing import dunning
from portal.billing.apply_decline import apply_decline
from portal.billing.apply_payment import apply_payment
from portal.directory import businesses
from portal.invoicing import customers
from portal.kit import clock, config
from portal.payments import attempts, charges, inbox, key_expiry, methods, sessions, setups
from portal.payments.attempts import find_by_order
from portal.payments.orders import Order, order_of
from portal.payments.providers import registry
from portal.payments.providers.base import Answer, PaymentEvidence, SetupOrder, StoredCharge
from portal.payments.queries import session_of_attempt
from portal.payments.setups import Holder
from worker.runner import Args, Handler, Plain, ThreePhase


def _attempt_id(args: Args) -> UUID:
    return UUID(args["attempt_id"])


def _prepare_charge(args: Args, now: datetime) -> Order | None:
    return charges.prepare_charge(_attempt_id(args), now)


def _send_charge(order: Order) -> Answer:
    wanted = order.wanted
    if isinstance(wanted, StoredCharge):
        return registry.get_keeper(order.provider).charge_stored(wanted)
    return registry.get(order.provider).create_charge(wanted)


def _send_look(order: Order) -> Answer:
    wanted = order.wanted
    if isinstance(wanted, StoredCharge):
        return registry.get_keeper(order.provider).query_charge(wanted, order.since)
    return registry.get(order.provider).query(wanted.order_number)


def _send_close(order: Order) -> Answer:
    wanted = order.wanted
    if isinstance(wanted, StoredCharge):
        return registry.get_keeper(order.provider).close_charge(wanted, order.since)
    return registry.get(order.provider).close(wanted.order_number)


def _prepare(wanted: Callable[[UUID], Order | None]) -> Callable[[Args, datetime], Order | None]:
    return lambda args, _now: wanted(_attempt_id(args))


def _heard(otherwise: Callable[[UUID, Answer, datetime], None]) -> Callable[[Args, Answer, datetime], None]:
    """Bring an answer to its door, where it is money or a bank's refusal; any other goes ``otherwise``."""

    def record(args: Args, answer: Answer, now: datetime) -> None:
        attempt_id = _attempt_id(args)
        if answer.evidence is None and not answer.is_decline:
            otherwise(attempt_id, answer, now)
            return
        # A door takes all locks in its own order, so nothing of the chain may be locked or written before it.
        session = session_of_attempt(attempt_id)
        if answer.evidence is None:
            apply_decline(session, answer, now)
        elif apply_payment(session, answer.evidence, now) == "taken":
            charges.remember_taken(attempt_id)
        attempts.note_call(attempt_id, answer)

    return record


_record_look = _heard(charges.record_look)


def _record_close(args: Args, answer: Answer, now: datetime) -> None:
    charges.record_close(_attempt_id(args), answer, now)


def _prepare_expiry(args: Args, now: datetime) -> Order | None:
    """A last look before a session is called expired, so that money is seldom late only on our side."""
    session, attempt = attempts.lock_with_session(_attempt_id(args))
    return order_of(session, attempt) if sessions.is_overdue(session, now) else None


def _record_expiry(args: Args, answer: Answer, now: datetime) -> None:
    _record_look(args, answer, now)
    session, attempt = attempts.lock_with_session(_attempt_id(args))
    if sessions.is_overdue(session, now):
        sessions.end(session, attempt, "expired", now)


def _apply_event(args: Args, now: datetime) -> None:
    taken = inbox.take(UUID(args["event_id"]))
    if taken is None:
        return
    event, evidence = taken
    if evidence is None:
        inbox.settle(event, setups.look_soon(event.provider, event.body["setup"], now))
    else:
        inbox.settle(event, _apply(evidence, now))


def _apply(evidence: PaymentEvidence, now: datetime) -> str:
    attempt = find_by_order(evidence.provider, evidence.order_number)
    if attempt is None:
        return "unknown_order"
    return apply_payment(session_of_attempt(attempt.id), evidence, now)


def _method_id(args: Args) -> UUID:
    return UUID(args["method_id"])


def _prepare_setup(args: Args, now: datetime) -> tuple[str, SetupOrder] | None:
    method = methods.lock(_method_id(args))
    customer = customers.get(method.customer_id)
    business = businesses.get(customer.business_id) if customer.business_id else None
    if business is None:
        return None
    page = f"{config.current().base_url}/businesses/{business.public_id}/methods/{method.public_id}"
    order = setups.prepare_setup(method.id, Holder(customer.public_id, business.name, page), now)
    return None if order is None else (method.provider, order)


def _send_setup(message: tuple[str, SetupOrder]) -> Answer:
    provider, order = message
    return registry.get_keeper(provider).begin_setup(order)


def _about(wanted: Callable[[UUID], str | None]) -> Callable[[Args, datetime], tuple[str, str] | None]:
    """Say whom to ask about which name at the keeper, where ``wanted`` still wants that."""

    def prepare(args: Args, _: datetime) -> tuple[str, str] | None:
        name = wanted(_method_id(args))
        return None if name is None else (methods.lock(_method_id(args)).provider, name)

    return prepare


def _send_setup_look(message: tuple[str, str]) -> Answer:
    provider, setup = message
    return registry.get_keeper(provider).query_setup(setup)


def _send_forget(message: tuple[str, str]) -> Answer:
    provider, method = message
    return registry.get_keeper(provider).forget_method(method)


def _record(note: Callable[[UUID, Answer, datetime], None]) -> Callable[[Args, Answer, datetime], None]:
    return lambda args, answer, now: note(_method_id(args), answer, now)


def _record_setup_look(args: Args, answer: Answer, now: datetime) -> None:
    """A card that has just been stored pays what is overdue, if anything is."""
    was_stored = methods.is_stored(_method_id(args))
    setups.record_look(_method_id(args), answer, now)
    method = methods.get_by_id(_method_id(args))
    if method.status == "active" and not was_stored:
        dunning.take_up_card(method.customer_id, method.public_id, now)


HANDLERS: dict[str, Handler] = {
    attempts.REQUEST_CHARGE: ThreePhase(_prepare_charge, _send_charge, _heard(charges.record_charge)),
    attempts.LOOK: ThreePhase(_prepare(charges.prepare_look), _send_look, _record_look),
    attempts.CLOSE: ThreePhase(_prepare(charges.prepare_close), _send_close, _record_close),
    sessions.EXPIRE: ThreePhase(_prepare_expiry, _send_look, _record_expiry),
    inbox.APPLY_EVENT: Plain(_apply_event),
    methods.REQUEST_SETUP: ThreePhase(_prepare_setup, _send_setup, _record(setups.record_setup)),
    methods.LOOK_AT_SETUP: ThreePhase(_about(setups.prepare_look), _send_setup_look, _record_setup_look),
    methods.FORGET: ThreePhase(_about(setups.prepare_forget), _send_forget, _record(setups.record_forget)),
    key_expiry.CHECK_KEYS: Plain(lambda _args, _now: key_expiry.check(clock.wall())),
}
