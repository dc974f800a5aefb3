"""A provider's answers and notifications in any order: what is final stays final, what is unclear stays open."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from portal.insights import invariants
from portal.kit import edge, ids
from portal.kit.db import db as db_session
from portal.payments import attempts, charges, inbox, sessions
from portal.payments.models import PaymentSession
from portal.payments.providers.base import Answer, Notification, OrderState, Result
from portal.payments.queries import attempt_of
from tests.support import proving, shop
from worker.jobs.payments import HANDLERS

Move = Callable[[PaymentSession], None]
_POSTINGS = text(
    "SELECT count(*) FROM ledger_postings WHERE reference IN "
    "(SELECT 'payment:' || id FROM payment_attempts WHERE session_id = :session)"
)


def answered(job: str, operation: str, result: Result = Result.DONE, **more: object) -> Move:
    """Record an answer of the provider as the job does, whatever came before it."""

    def record(session: PaymentSession) -> None:
        attempt = attempt_of(session.id)
        said = dict(more)
        if said.pop("paid", False):
            said |= {"state": OrderState.PAID, "evidence": shop.evidence_for(session)}
        answer = Answer(operation, result, None, "", 1, **said)  # type: ignore[arg-type]
        HANDLERS[job].record({"attempt_id": str(attempt.id)}, answer, edge.now())  # type: ignore[union-attr]

    return record


def notified(session: PaymentSession) -> None:
    """Receive a notification that it was paid, under an id of its own, and apply it."""
    evidence = shop.evidence_for(session)
    message = Notification(ids.random_text(8), "TRANSACTION.SUCCESS", evidence.order_number, evidence)
    assert inbox.receive(shop.METHOD, message, edge.at_once) == "stored"
    query = "SELECT id FROM payment_events WHERE event_id = :event_id"
    event = db_session.execute(text(query), {"event_id": message.event_id}).scalar_one()
    HANDLERS[inbox.APPLY_EVENT].work({"event_id": str(event)}, edge.now())  # type: ignore[union-attr]


def notified_of_a_failure(session: PaymentSession) -> None:
    """Receive a signed message that says anything but paid: kept apart, and answered like any other."""
    order = attempt_of(session.id).order_number
    message = Notification(ids.random_text(8), "TRANSACTION.SUCCESS", order, None, "not a payment")
    assert inbox.receive(shop.METHOD, message, edge.at_once) == "stored"


def cancelled(session: PaymentSession) -> None:
    """The payer turns away, if that is still possible."""
    if session.status in ("created", "open"):
        sessions.cancel(session.public_id, edge.now())


def prepared(session: PaymentSession) -> None:
    """Commit that the provider is about to hear of the order, where it still may."""
    charges.prepare_charge(attempt_of(session.id).id, edge.now())


_CHARGE, _LOOK, _CLOSE, _EXPIRE = attempts.REQUEST_CHARGE, attempts.LOOK, attempts.CLOSE, sessions.EXPIRE
PAYING: dict[str, Move] = {
    "notified": notified,
    "look: paid": answered(_LOOK, "query", paid=True),
    "expiry: paid": answered(_EXPIRE, "query", paid=True),
}
OTHERS: dict[str, Move] = {
    "notified of a failure": notified_of_a_failure,
    "cancelled": cancelled,
    "prepared": prepared,
    "code": answered(_CHARGE, "create_charge", code_url="weixin://a"),
    "no code": answered(_CHARGE, "create_charge", Result.UNKNOWN),
    "closed": answered(_CLOSE, "close"),
    "not closed": answered(_CLOSE, "close", Result.UNKNOWN),
    "look: silence": answered(_LOOK, "query", Result.UNKNOWN),
    **{f"look: {state}": answered(_LOOK, "query", state=state) for state in ("unpaid", "closed", "absent")},
    **{f"expiry: {state}": answered(_EXPIRE, "query", state=state) for state in ("unpaid", "closed", "absent")},
}
MOVES = PAYING | OTHERS
_BEGINNINGS = (["prepared", "code"], ["prepared", "no code"], ["prepared", "code", "cancelled", "closed"])


@pytest.fixture
def begin(db: None) -> Callable[[], PaymentSession]:
    """Make a new session of a new shop, within the test's one transaction."""

    def begin() -> PaymentSession:
        customer = shop.make_customer(shop.make_business(shop.make_owner(f"{ids.random_text(8).lower()}@shop.example")))
        return shop.open_session(customer, shop.make_quote(customer))

    return begin


@settings(max_examples=proving.times(15, 150), suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    beginning=st.sampled_from(_BEGINNINGS),
    before=st.lists(st.sampled_from(sorted(OTHERS)), max_size=3),
    paying=st.sampled_from(sorted(PAYING)),
    after=st.lists(st.sampled_from(sorted(MOVES)), min_size=1, max_size=5),
)
def test_b6_in_whatever_order_they_come_paid_stays_paid_once(
    begin: Callable[[], PaymentSession], beginning: list[str], before: list[str], paying: str, after: list[str]
) -> None:
    def play() -> None:
        session = begin()
        for name in [*beginning, *before, paying]:
            MOVES[name](session)
        paid = (session.status, session.paid_at, attempt_of(session.id).status)
        assert paid[0] == "paid"
        for name in after:
            MOVES[name](session)
            assert (session.status, session.paid_at, attempt_of(session.id).status) == paid, name
        assert db_session.execute(_POSTINGS, {"session": session.id}).scalar_one() == 1
        assert invariants.violations() == []

    edge.write(play, keep=lambda _: False)


@pytest.mark.parametrize("silence", ["look: silence", "look: absent"])
def test_b15_no_answer_or_an_order_not_known_yet_leaves_a_code_standing(
    begin: Callable[[], PaymentSession], silence: str, saw: Callable[[str], None]
) -> None:
    session = begin()
    for name in ("prepared", "code", silence, silence):
        MOVES[name](session)
    assert (session.status, attempt_of(session.id).status) == ("open", "pending")
    session.expires_at = edge.now() - timedelta(seconds=1)
    for name in ("expiry: absent", "closed"):
        MOVES[name](session)
    assert (session.status, attempt_of(session.id).status) == ("expired", "closed")
    saw(f"{silence}, twice: the code stood; past its time it expired")
