"""Money that comes beside the straight way: told late, paid late, paid twice, paid after a cancel, never told."""

from datetime import timedelta

from portal.invoicing.documents import DocumentFilter, all_documents
from portal.payments.queries import refunds_of
from tests.support.evidence import Saw
from tests.support.portal import Portal

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def expire(portal: Portal, public_id: str) -> None:
    portal.pass_time(HOUR + SECOND)
    assert portal.session(public_id).status == "expired"


def page(portal: Portal, public_id: str) -> str:
    return portal.visitor().get(f"/pay/{public_id}").text


def test_b4_without_any_notification_it_is_paid_within_90_seconds(portal: Portal, saw: Saw) -> None:
    public_id = portal.open_session()
    portal.pass_time(timedelta(minutes=11))  # by now it is asked less often
    portal.sandbox.pay(portal.order(public_id), lose=True)
    began = portal.session(public_id)
    waited = timedelta()
    while portal.session(public_id).status == "open" and waited < timedelta(seconds=90):
        portal.pass_time(timedelta(seconds=10))
        waited += timedelta(seconds=10)
    assert began.status == "open"
    assert portal.session(public_id).status == "paid"
    assert portal.sandbox.log()["deliveries"] == []
    saw(f"eleven minutes into the session, without any notification: known after {waited.seconds} s at most")


def test_c1_paid_in_the_last_second_and_told_after_the_end_is_in_time(portal: Portal, saw: Saw) -> None:
    public_id = portal.open_session()
    order, expires_at = portal.order(public_id), portal.session(public_id).expires_at
    portal.advance(timedelta(minutes=59))
    portal.sandbox.pay(order, delay=120, paid_at=(expires_at - SECOND).isoformat())
    portal.sandbox.fault("http500", "query", seconds=60)
    portal.sandbox.fault("http500", "close", seconds=60)
    portal.pass_time(timedelta(seconds=61))
    assert portal.session(public_id).status == "expired"
    portal.pass_time(timedelta(seconds=60))
    portal.sandbox.settle()
    portal.settle()
    session = portal.session(public_id)
    assert (session.status, session.paid_late_at) == ("paid", None)
    assert portal.money_postings() == ["payment_received"]
    saw("paid 1 s before the end, told 61 s after it, in between expired: paid in time, one posting")


def test_c1_the_last_look_before_the_end_finds_the_money(portal: Portal, saw: Saw) -> None:
    public_id = portal.open_session()
    portal.advance(timedelta(minutes=59))
    portal.sandbox.pay(portal.order(public_id), lose=True)
    portal.pass_time(timedelta(seconds=61))
    session = portal.session(public_id)
    assert (session.status, session.paid_late_at) == ("paid", None)
    saw("the look before the end found money that nobody had told of")


def test_c2_paid_a_second_after_the_end_still_pays_what_stands(portal: Portal, saw: Saw) -> None:
    public_id = portal.open_session()
    expire(portal, public_id)
    assert portal.attempt(public_id).status == "closed"
    portal.sandbox.pay(portal.order(public_id), late=True)
    portal.sandbox.settle()
    portal.settle()
    session = portal.session(public_id)
    assert session.status == "paid"
    assert session.paid_late_at is not None
    assert portal.count("subscriptions", "status = 'active'") == 1
    assert "Paid. Thank you!" in page(portal, public_id)
    saw("paid after the end: the subscription active, the session marked as paid late")


def test_c2_late_money_that_nobody_told_of_is_found_by_asking(portal: Portal, saw: Saw) -> None:
    public_id = portal.open_session()
    expire(portal, public_id)
    portal.sandbox.pay(portal.order(public_id), late=True, lose=True)
    for _ in range(3):
        portal.pass_time(timedelta(minutes=5))
    assert portal.session(public_id).paid_late_at is not None
    saw("never told: found within 15 minutes of asking after the end")


def test_c5_the_old_code_pays_after_a_new_session_and_a_second_payment_is_held(portal: Portal, saw: Saw) -> None:
    first = portal.open_session()
    expire(portal, first)
    second = portal.confirm_again(first)
    assert portal.session(first).invoice_id == portal.session(second).invoice_id

    portal.sandbox.pay(portal.order(first), late=True)
    portal.sandbox.settle()
    portal.settle()
    assert (portal.session(first).status, portal.session(second).status) == ("paid", "cancelled")
    assert "This payment was cancelled" in page(portal, second)

    portal.sandbox.pay(portal.order(second), late=True)
    portal.sandbox.settle()
    portal.settle()
    held = portal.session(second)
    refund = portal.do(lambda: refunds_of(held.id)[0])
    assert (refund.amount, refund.currency, refund.reason, refund.status) == (4500, "CNY", "paid_twice", "requested")
    assert "This was paid twice" in page(portal, second)
    assert portal.money_postings() == ["payment_received", "payment_held"]
    assert len(portal.sandbox.outbox("ann@shop.example")) == 2
    saw("the old code paid the draft, the new one was held whole and its refund requested; two mails")


def test_c5_the_new_code_pays_and_the_old_one_is_held(portal: Portal, saw: Saw) -> None:
    first = portal.open_session()
    expire(portal, first)
    second = portal.confirm_again(first)
    for public_id, wish in ((second, {}), (first, {"late": True})):
        portal.sandbox.pay(portal.order(public_id), **wish)
        portal.sandbox.settle()
        portal.settle()
    assert portal.attempt(first).disposition == "held"
    assert portal.attempt(second).disposition == "applied"
    assert "This was paid twice" in page(portal, first)
    saw("the new code paid, the old one was held")


def test_cancelled_and_paid_all_the_same_is_taken_in(portal: Portal) -> None:
    public_id = portal.open_session()
    owner = portal.visitor()
    owner.log_in("ann@shop.example")
    assert owner.post(f"/pay/{public_id}/cancel").status_code == 303
    portal.settle()
    assert (portal.session(public_id).status, portal.attempt(public_id).status) == ("cancelled", "closed")
    portal.pass_time(SECOND)
    portal.sandbox.pay(portal.order(public_id), late=True)
    portal.sandbox.settle()
    portal.settle()
    session = portal.session(public_id)
    assert session.status == "paid"
    assert session.paid_late_at is not None


def test_a_draft_lapses_with_its_watch_and_money_after_it_becomes_credit(portal: Portal) -> None:
    public_id = portal.open_session()
    expire(portal, public_id)
    for _ in range(25):
        portal.pass_time(HOUR)
    customer_id = portal.session(public_id).customer_id
    assert portal.count("invoices", "status = 'void'") == 1
    assert portal.do(lambda: all_documents(customer_id, DocumentFilter(), 10)) == []
    portal.sandbox.pay(portal.order(public_id), late=True)
    portal.sandbox.settle()
    portal.settle()
    assert portal.attempt(public_id).disposition == "credited"
    assert "kept as your credit" in page(portal, public_id)


def test_nobody_is_asked_once_the_watch_is_over(portal: Portal) -> None:
    public_id = portal.open_session()
    expire(portal, public_id)
    portal.pass_time(DAY)
    portal.pass_time(DAY)
    asked = len(portal.sandbox.log()["requests"])
    portal.pass_time(DAY)
    assert len(portal.sandbox.log()["requests"]) == asked
