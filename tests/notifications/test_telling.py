"""Who is told of what, over real payments: every member who may know, in the pages and by mail, once each."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from sqlalchemy import select

from portal.billing import checkout
from portal.billing.apply_payment import apply_payment
from portal.billing.events import PAYMENT_APPLIED
from portal.billing.queries import newest_period
from portal.directory.models import Business
from portal.identity import queries
from portal.identity.permissions import Role
from portal.invoicing import customers
from portal.kit import clock, edge, outbox
from portal.kit.db import db as session
from portal.kit.outbox import DomainEvent
from portal.notifications import in_app
from portal.notifications.models import Email, Notice
from portal.notifications.words import words
from portal.payments import sessions
from portal.payments.models import PaymentSession
from portal.payments.queries import attempt_of
from tests.notifications.samples import SAMPLES
from tests.support import shop
from worker.jobs.notifications import HANDLERS
from worker.runner import Plain


@pytest.fixture
def business(db: None) -> Business:
    """A shop with an owner, a manager and a viewer."""
    found = shop.make_business(shop.make_owner())
    for name, role in (("mona", Role.MANAGER), ("vic", Role.VIEWER)):
        shop.make_member(found, f"{name}@shop.example", role)
    return found


@pytest.fixture
def waiting(business: Business) -> PaymentSession:
    """Its first payment, not made yet."""
    customer = shop.make_customer(business)
    return shop.open_session(customer, shop.make_quote(customer))


def pay(waiting: PaymentSession, **changes: object) -> str:
    return apply_payment(waiting, shop.evidence_for(waiting, **changes), edge.now())


def fan_out() -> None:
    """Do what the worker does with every event there is, as often as it is called."""
    job = HANDLERS[outbox.FAN_OUT]
    assert isinstance(job, Plain)
    for event_id in session.scalars(select(DomainEvent.id).order_by(DomainEvent.id)).all():
        job.work({"event_id": str(event_id)}, edge.now())


def notices() -> list[Notice]:
    return list(session.scalars(select(Notice).order_by(Notice.id)))


def mails() -> list[tuple[str, str]]:
    """Recipients and kinds of the mails that tell notices."""
    told = select(Email).where(Email.template == "notice").order_by(Email.recipient)
    return [(mail.recipient, mail.facts["kind"]) for mail in session.scalars(told)]


TEAM = ["ann@shop.example", "mona@shop.example", "vic@shop.example"]


def test_a_start_is_told_once_to_everybody_however_often_it_is_fanned_out(
    business: Business, waiting: PaymentSession
) -> None:
    assert pay(waiting) == "paid"
    for _ in range(3):
        fan_out()
    assert mails() == [(member, "subscription_started") for member in TEAM]
    assert [notice.kind for notice in notices()] == ["subscription_started"] * 3
    members = {member.user_id for member in queries.list_members(business.id)}
    assert {notice.user_id for notice in notices()} == members


def test_nobody_of_another_team_is_told(waiting: PaymentSession) -> None:
    other = shop.make_owner("other@shop.example")
    shop.make_business(other, "Other")
    pay(waiting)
    fan_out()
    assert in_app.list_notices(other.id, None).items == []
    assert "other@shop.example" not in [recipient for recipient, _ in mails()]


def end(waiting: PaymentSession) -> PaymentSession:
    sessions.end(waiting, attempt_of(waiting.id), "expired", edge.now())
    return waiting


def late(waiting: PaymentSession) -> PaymentSession:
    end(waiting)
    assert pay(waiting, paid_at=waiting.expires_at + timedelta(seconds=1)) == "paid_late"
    return waiting


def held(waiting: PaymentSession) -> PaymentSession:
    """Both codes of a draft are paid."""
    later = shop.open_session(customers.get(waiting.customer_id), shop.quote_of(end(waiting)))
    assert [pay(later), pay(waiting)] == ["paid", "held"]
    return waiting


def credited(waiting: PaymentSession) -> PaymentSession:
    """Another tier was chosen meanwhile."""
    sessions.cancel(waiting.public_id, edge.now())
    shop.make_quote(customers.get(waiting.customer_id), "starter")
    assert pay(waiting) == "credited"
    return waiting


def in_review(waiting: PaymentSession) -> PaymentSession:
    assert pay(waiting, amount=1) == "review"
    return waiting


def by_credit(waiting: PaymentSession) -> None:
    """What the dearer tier's payment left as credit pays for the cheaper one."""
    customer = customers.get(credited(waiting).customer_id)
    quote = shop.make_quote(customer, "starter")
    assert checkout.start_payment(customer, quote, shop.METHOD, edge.now()) is None


HAPPENINGS: dict[str, Callable[[PaymentSession], PaymentSession]] = {
    "subscription_started": late,
    "payment_held": held,
    "payment_credited": credited,
    "payment_in_review": in_review,
}


@pytest.mark.parametrize("kind", HAPPENINGS)
def test_what_is_told_has_the_facts_of_its_sample(waiting: PaymentSession, kind: str) -> None:
    HAPPENINGS[kind](waiting)
    fan_out()
    told = [notice for notice in notices() if notice.kind == kind]
    assert len(told) == 3
    assert told[0].facts.keys() == SAMPLES[kind].keys()
    assert (told[0].facts["business_name"], told[0].facts["session"]) == ("Lantern Coffee", waiting.public_id)


def test_late_money_is_told_to_have_come_late(waiting: PaymentSession) -> None:
    late(waiting)
    fan_out()
    [notice, *_] = notices()
    assert "after its code had expired" in words(notice.kind, notice.facts, "en").text


def test_who_paid_all_by_credit_is_told_of_the_start(waiting: PaymentSession) -> None:
    by_credit(waiting)
    fan_out()
    [notice, *_] = [notice for notice in notices() if notice.kind == "subscription_started"]
    assert notice.facts.keys() == SAMPLES["subscription_started"].keys()
    assert (notice.facts["outcome"], notice.facts["amount"]) == ("settled_by_credit", 100)


def test_a_payment_of_what_tells_nothing_by_itself_is_thanked_for(waiting: PaymentSession) -> None:
    pay(waiting)
    [paid] = session.scalars(select(DomainEvent).where(DomainEvent.name == PAYMENT_APPLIED))
    outbox.record(PAYMENT_APPLIED, paid.subject, paid.facts | {"invoice_kind": "subscription_renewal"}, edge.now())
    fan_out()
    assert {notice.kind for notice in notices()} == {"payment_received", "subscription_started"}
    [received, *_] = [notice for notice in notices() if notice.kind == "payment_received"]
    assert received.facts.keys() == SAMPLES["payment_received"].keys()


def test_a_customer_that_is_no_business_has_nobody_to_tell(db: None) -> None:
    outbox.record(PAYMENT_APPLIED, "ps_1", {"outcome": "held", "business_id": None}, edge.now())
    fan_out()
    assert notices() == []


@pytest.mark.parametrize(
    ("kind", "days_before", "credit"), [("renewal_announced", 7, 0), ("renewal_due", 3, 100), ("renewal_paid", 0, 300)]
)
def test_a_renewal_is_told_in_its_time(waiting: PaymentSession, kind: str, days_before: int, credit: int) -> None:
    assert pay(waiting) == "paid"
    period = newest_period(waiting.subscription_id)
    assert period is not None
    if credit:
        shop.give_credit(waiting.invoice_id, credit)
    clock.advance(period.ends_at - timedelta(days=days_before) - edge.now())
    shop.renew_all()
    fan_out()
    told = [notice for notice in notices() if notice.kind == kind]
    assert len(told) == 3
    assert told[0].facts.keys() == SAMPLES[kind].keys()
    assert (told[0].facts["amount"], told[0].facts.get("due_amount", 0)) == (300, 200 if kind == "renewal_due" else 0)
