"""Stored ways to pay of a customer: asked for, listed, one of them the default, removed. Never a card's number."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import any_, bindparam, select
from sqlalchemy.dialects.postgresql import array, insert

from portal.kit import ids, jobs
from portal.kit.db import FRESH, db, table_of
from portal.kit.errors import NotFound
from portal.payments.errors import MethodNotStored, TooManyMethods
from portal.payments.models import PaymentMethod
from portal.payments.providers import registry
from portal.payments.states import move

PROVIDER = "stripe"
REQUEST_SETUP = "payments.request_setup"
LOOK_AT_SETUP = "payments.look_at_setup"
FORGET = "payments.forget_method"
LIFETIME = timedelta(hours=1)
MOST = 10
_BEING_STORED = ("created", "open")
_METHOD = table_of(PaymentMethod)
_SHOWN = select(PaymentMethod).where(
    PaymentMethod.customer_id == bindparam("customer_id"),
    PaymentMethod.status == any_(array(("active", *_BEING_STORED))),
)
_OWN = select(PaymentMethod).where(
    PaymentMethod.customer_id == bindparam("customer_id"), PaymentMethod.public_id == bindparam("public_id")
)
_ACTIVE = (
    select(PaymentMethod)
    .where(PaymentMethod.customer_id == bindparam("customer_id"), PaymentMethod.status == "active")
    .order_by(PaymentMethod.id)
    .with_for_update()
)
_BEGIN = insert(_METHOD).on_conflict_do_nothing().returning(_METHOD.c.id)
"""The database keeps a second card that is being stored out; whoever comes at the same time is led to the first."""


def is_offered() -> bool:
    """Whether this installation can store cards at all."""
    return registry.keeps(PROVIDER)


def list_shown(customer_id: UUID) -> Sequence[PaymentMethod]:
    """Return what a customer can be charged by, and what is being stored, in the order in which it was asked for."""
    return db.scalars(_SHOWN.order_by(PaymentMethod.created_at), {"customer_id": customer_id}).all()


def find_default(customer_id: UUID) -> PaymentMethod | None:
    """Return what a customer is charged by without being asked, if anything."""
    query = _SHOWN.where(PaymentMethod.is_default)
    return db.scalars(query, {"customer_id": customer_id}).one_or_none()


def get(customer_id: UUID | None, public_id: str) -> PaymentMethod:
    """Return a method of this customer.

    :raises NotFound: there is none, or it is somebody else's.
    """
    found = db.scalars(_OWN, {"customer_id": customer_id, "public_id": public_id}).one_or_none()
    if found is None:
        raise NotFound
    return found


def get_by_id(method_id: UUID) -> PaymentMethod:
    """Return a method by key."""
    return db.get_one(PaymentMethod, method_id)


def is_stored(method_id: UUID) -> bool:
    """Whether a card is there to be charged."""
    return get_by_id(method_id).status == "active"


def begin(customer_id: UUID, now: datetime) -> PaymentMethod:
    """Ask for the page on which a card is stored; while one is asked for already, return that one.

    :raises ProviderNotConfigured: nobody keeps cards here.
    :raises TooManyMethods: there are as many as one customer needs.
    """
    registry.get_keeper(PROVIDER)
    if len(_lock_active(customer_id)) >= MOST:
        raise TooManyMethods
    method_id = ids.new_id()
    row = {
        "id": method_id,
        "public_id": ids.public_id("pm"),
        "customer_id": customer_id,
        "provider": PROVIDER,
        "status": "created",
        "created_at": now,
        "expires_at": now + LIFETIME,
    }
    if db.execute(_BEGIN, row).first() is not None:
        stage(REQUEST_SETUP, method_id, now)
    query = _SHOWN.where(PaymentMethod.status == any_(array(_BEING_STORED))).order_by(PaymentMethod.id).limit(1)
    return db.scalars(query, {"customer_id": customer_id}).one()


def make_default(customer_id: UUID, public_id: str) -> PaymentMethod:
    """Have a stored card be the one that is charged without asking.

    :raises MethodNotStored: it is not stored yet, or not any more.
    """
    stored = _lock_active(customer_id)
    chosen = _of(stored, get(customer_id, public_id))
    choose(stored, chosen)
    return chosen


def remove(customer_id: UUID, public_id: str, now: datetime) -> PaymentMethod:
    """Drop a stored card here at once and at its keeper as soon as that answers; the newest other one takes its place.

    :raises MethodNotStored: it is not stored yet. Removing twice is the same as once.
    """
    stored, wanted = _lock_active(customer_id), get(customer_id, public_id)
    if wanted.status in ("removing", "removed"):
        return wanted
    gone = _of(stored, wanted)
    move(gone, "removing", is_default=False, asks=0)
    left = [method for method in stored if method is not gone]
    if left and not any(method.is_default for method in left):
        choose(left, left[-1])
    stage(FORGET, gone.id, now)
    return gone


def choose(stored: Sequence[PaymentMethod], chosen: PaymentMethod) -> None:
    """Make one of a customer's locked methods the default, and no other."""
    for method in stored:
        if method.is_default and method is not chosen:
            move(method, "active", is_default=False)
    if not chosen.is_default:
        move(chosen, "active", is_default=True)


def _lock_active(customer_id: UUID) -> Sequence[PaymentMethod]:
    """Lock what a customer can be charged by, oldest first, so that two who choose come one after the other."""
    return db.scalars(_ACTIVE, {"customer_id": customer_id}, execution_options=FRESH).all()


def _of(stored: Sequence[PaymentMethod], wanted: PaymentMethod) -> PaymentMethod:
    if wanted not in stored:
        raise MethodNotStored
    return wanted


def lock_with_active(method_id: UUID) -> tuple[PaymentMethod, Sequence[PaymentMethod]]:
    """Lock what the customer of a method can be charged by, and then the method itself."""
    customer_id = db.execute(select(_METHOD.c.customer_id).where(_METHOD.c.id == method_id)).scalar_one()
    stored = _lock_active(customer_id)
    return lock(method_id), stored


def lock(method_id: UUID) -> PaymentMethod:
    """Lock a method and return it as it is now."""
    query = select(PaymentMethod).where(PaymentMethod.id == method_id).with_for_update()
    return db.scalars(query, execution_options=FRESH).one()


def known_customer(method: PaymentMethod) -> str | None:
    """Return the keeper's id of a method's customer, where an earlier method made one."""
    query = select(_METHOD.c.provider_customer).where(
        _METHOD.c.customer_id == method.customer_id,
        _METHOD.c.provider == method.provider,
        _METHOD.c.provider_customer.is_not(None),
    )
    return db.execute(query.order_by(_METHOD.c.created_at.desc()).limit(1)).scalar_one_or_none()


def find_setup(provider: str, setup: str) -> UUID | None:
    """Say which method is being stored at the keeper under this name, if it is one of ours."""
    query = select(_METHOD.c.id).where(_METHOD.c.provider == provider, _METHOD.c.provider_setup == setup)
    return db.execute(query).scalar_one_or_none()


def stage(name: str, method_id: UUID, due_at: datetime) -> None:
    """Stage a conversation about a method; only for the page itself somebody waits."""
    queue = jobs.Queue.INTERACTIVE if name == REQUEST_SETUP else jobs.Queue.DEFAULT
    jobs.stage(name, queue=queue, due_at=due_at, key=f"{name}:{method_id}", method_id=str(method_id))
