"""What a provider's answers set in motion, answer by answer."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.kit import edge
from portal.kit.db import db as db_session
from portal.kit.jobs import StagedJob
from portal.payments import attempts, charges, sessions
from portal.payments.models import PaymentAttempt, PaymentSession
from portal.payments.providers.base import Answer, OrderState, Result
from portal.payments.queries import attempt_of
from tests.support import shop


@pytest.fixture
def session(db: None) -> PaymentSession:
    business = shop.make_business(shop.make_owner())
    customer = shop.make_customer(business)
    return shop.open_session(customer, shop.make_quote(customer))


@pytest.fixture
def attempt(session: PaymentSession) -> PaymentAttempt:
    return attempt_of(session.id)


def said(operation: str, result: Result, **more: object) -> Answer:
    return Answer(operation, result, None, "", 1, **more)  # type: ignore[arg-type]


def waiting(name: str) -> list[StagedJob]:
    return list(db_session.scalars(select(StagedJob).where(StagedJob.name == name, StagedJob.state == "pending")))


def test_a_creation_that_keeps_failing_is_asked_about_less_and_less_often(
    session: PaymentSession, attempt: PaymentAttempt
) -> None:
    pauses = []
    for _ in range(4):
        db_session.execute(StagedJob.__table__.delete())
        assert charges.prepare_charge(attempt.id, edge.now()) is not None
        charges.record_charge(attempt.id, said("create_charge", Result.UNKNOWN), edge.now())
        pauses.append(waiting(attempts.LOOK)[0].due_at - edge.now())
        charges.record_look(attempt.id, said("query", Result.DONE, state=OrderState.UNPAID), edge.now())
    for pause, least in zip(pauses, (5, 30, 300, 3600), strict=True):
        assert timedelta(seconds=least) <= pause <= timedelta(seconds=least * 1.1)


def test_a_code_whose_renewal_was_lost_is_asked_for_again(session: PaymentSession, attempt: PaymentAttempt) -> None:
    charges.prepare_charge(attempt.id, edge.now())
    charges.record_charge(attempt.id, said("create_charge", Result.DONE, code_url="weixin://a"), edge.now())
    db_session.execute(StagedJob.__table__.delete())
    charges.record_charge(attempt.id, said("create_charge", Result.UNKNOWN), edge.now())
    assert (attempt.status, attempt.code_url) == ("pending", "weixin://a")
    assert len(waiting(attempts.REQUEST_CHARGE)) == 1


def test_a_code_that_does_not_come_is_asked_for_less_and_less_often_though_looks_are_answered(
    session: PaymentSession, attempt: PaymentAttempt
) -> None:
    pauses = []
    for answers in (4, 2):  # the code that came in between begins the count anew
        charges.prepare_charge(attempt.id, edge.now())
        charges.record_charge(attempt.id, said("create_charge", Result.DONE, code_url="weixin://a"), edge.now())
        for _ in range(answers):
            db_session.execute(StagedJob.__table__.delete())
            charges.record_charge(attempt.id, said("create_charge", Result.UNKNOWN), edge.now())
            pauses.append(waiting(attempts.REQUEST_CHARGE)[0].due_at - edge.now())
            charges.record_look(attempt.id, said("query", Result.DONE, state=OrderState.UNPAID), edge.now())
    for pause, least in zip(pauses, (30, 60, 120, 300, 30, 60), strict=True):
        assert timedelta(seconds=least) <= pause <= timedelta(seconds=least * 1.1)


def test_an_order_that_cannot_be_closed_for_a_day_is_handed_over(
    session: PaymentSession, attempt: PaymentAttempt
) -> None:
    charges.prepare_charge(attempt.id, edge.now())
    sessions.cancel(session.public_id, edge.now())
    unpaid = said("query", Result.DONE, state=OrderState.UNPAID)
    charges.record_look(attempt.id, unpaid, session.watch_until - timedelta(seconds=1))
    assert (session.status, len(waiting(attempts.CLOSE))) == ("cancelled", 1)
    charges.record_look(attempt.id, unpaid, session.watch_until)
    assert (session.status, session.failure) == ("review", "not_closed")


def test_money_that_belongs_to_another_payment_is_looked_at_by_somebody(
    session: PaymentSession, attempt: PaymentAttempt
) -> None:
    charges.remember_taken(attempt.id)
    assert (session.status, session.failure) == ("review", "taken")
