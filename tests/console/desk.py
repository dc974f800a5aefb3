"""Operators at their desk, and what they may find there."""

from datetime import timedelta

from flask import Flask
from flask.testing import FlaskClient

from portal.billing.apply_payment import apply_payment
from portal.identity import operators, queries, sign_in
from portal.identity.permissions import OperatorRole
from portal.identity.sign_in import Kind
from portal.invoicing.models import Customer
from portal.kit import clock, config, edge, jobs
from portal.kit.db import db
from portal.kit.jobs import StagedJob
from portal.payments import sessions
from portal.payments.models import PaymentSession
from portal.payments.queries import attempt_of
from tests.support import shop


def operator(app: Flask, role: OperatorRole) -> FlaskClient:
    """A browser in which an operator of this role is logged in."""
    email = f"{role}@desk.example"

    def begin() -> str:
        if queries.find_user(email) is None:
            operators.create(email, shop.PASSWORD, role, config.current().secret_key, edge.now(), clock.wall())
        user = queries.get_user_of(email)
        return sign_in.open_session(user, Kind.CONSOLE, edge.now(), clock.wall(), has_second_factor=True)

    token = edge.write(begin)
    client = app.test_client()
    with client.session_transaction() as cookie:
        cookie["console"] = token
    return client


def vendor(app: Flask, email: str = "vendor@shop.example") -> FlaskClient:
    """A browser in which a vendor is logged in."""
    edge.write(lambda: shop.make_owner(email))
    client = app.test_client()
    assert client.post("/login", data={"email": email, "password": shop.PASSWORD}).status_code == 303
    return client


def make_customer(name: str = "Lantern Coffee", email: str = "ann@shop.example") -> Customer:
    """A business with its owner that has become a customer."""
    return shop.make_customer(shop.make_business(shop.make_owner(email), name))


def open_session(customer: Customer) -> PaymentSession:
    """A session of the customer that waits for its code."""
    return shop.open_session(customer, shop.make_quote(customer))


def pay(session: PaymentSession, **changes: object) -> str:
    """Let money of this session come in."""
    return apply_payment(session, shop.evidence_for(session, **changes), edge.now())


def pay_twice(customer: Customer) -> PaymentSession:
    """Pay an invoice through two sessions; return the one whose money is held."""
    first = open_session(customer)
    sessions.end(first, attempt_of(first.id), "expired", edge.now())
    second = open_session(customer)
    pay(first, paid_at=first.expires_at + timedelta(minutes=1))
    assert pay(second) == "held"
    return second


def make_job(state: str, error: str | None = None) -> StagedJob:
    """A job of the bulk queue in this state."""
    job = StagedJob(
        queue=jobs.Queue.BULK,
        name="tests.nothing",
        args={},
        state=state,
        due_at=edge.now(),
        attempts=12 if state == "dead" else 2,
        last_error=error,
    )
    db.add(job)
    db.flush()
    return job
