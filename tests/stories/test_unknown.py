"""Nobody knows what the provider did: that is a state, it blocks, and asking by our own order number resolves it."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from portal.payments.queries import conversation
from tests.support.portal import Portal
from tests.support.visitor import Visitor

Saw = Callable[[str], None]
AFTER_ACTING = (
    {"mode": "timeout_after", "hold": 0.2},
    {"mode": "drop", "after": True},
    {"mode": "http500", "after": True},
    {"mode": "unsigned"},
    {"mode": "tamper"},
    {"mode": "stale"},
)
BEFORE_ACTING = ({"mode": "timeout_before", "hold": 0.2}, {"mode": "drop"}, {"mode": "http500"}, {"mode": "http429"})


def asked(portal: Portal, order: str, endpoint: str) -> int:
    """How often the provider was asked about an order at one endpoint, whatever it made of it."""
    found = portal.sandbox.log()["requests"]
    return sum(entry["endpoint"] == endpoint and order in entry["path"] + entry["body"] for entry in found)


def confirm_again(portal: Portal) -> tuple[Visitor, str]:
    """Log in and quote the same tier once more; give the path that confirms it."""
    owner = portal.visitor()
    owner.log_in("ann@shop.example")
    business = owner.get("/businesses").text.split('href="/businesses/')[1].split('"')[0].split("/")[0]
    quoted = owner.post(f"/businesses/{business}/plan/quote", tier="pro").headers["Location"]
    return owner, f"{quoted}/confirm"


@pytest.mark.parametrize("fault", AFTER_ACTING + BEFORE_ACTING, ids=lambda fault: "-".join(map(str, fault.values())))
def test_b14_no_answer_to_a_creation_blocks_until_asking_resolves_it(
    portal: Portal, saw: Saw, fault: dict[str, object]
) -> None:
    portal.sandbox.fault(**fault)
    public_id = portal.open_session()
    order = portal.order(public_id)
    assert (portal.session(public_id).status, portal.attempt(public_id).status) == ("created", "unknown")

    owner, path = confirm_again(portal)
    assert owner.post(path).status_code == 409
    assert portal.count("payment_attempts") == 1

    portal.pass_time(timedelta(seconds=6))
    assert portal.order(public_id) == order
    assert portal.attempt(public_id).status == "pending"
    assert (asked(portal, order, "native"), asked(portal, order, "query")) == (2, 1)
    assert owner.post(path).headers["Location"] == f"/pay/{public_id}"
    session_id = portal.session(public_id).id
    assert portal.do(lambda: conversation(session_id))[0].result == "unknown"
    saw(f"{fault['mode']}: a second session 409 meanwhile; asked once, created again under its number, code shown")


def test_b14_paid_though_we_never_heard_of_its_creation(portal: Portal, saw: Saw) -> None:
    portal.sandbox.fault("timeout_after", hold=0.2)
    public_id = portal.open_session()
    portal.sandbox.pay(portal.order(public_id), lose=True)
    portal.pass_time(timedelta(seconds=6))
    assert portal.session(public_id).status == "paid"
    assert portal.money_postings() == ["payment_received"]
    saw("paid after a creation that nobody answered: found by asking, one posting")


def test_b14_an_answer_that_stays_away_is_asked_for_less_and_less_and_never_called_failed(portal: Portal) -> None:
    portal.sandbox.fault("http500", "*", count=1000)
    public_id = portal.open_session()
    order = portal.order(public_id)
    for seconds in (6, 31, 301, 600, 600):
        portal.pass_time(timedelta(seconds=seconds))
    assert portal.attempt(public_id).status == "unknown"
    assert asked(portal, order, "query") == 3
    portal.sandbox.fault("none")
    portal.pass_time(timedelta(hours=1))
    assert portal.session(public_id).status == "expired"
    assert portal.attempt(public_id).status == "closed"


def test_b14_what_nobody_answered_for_a_day_is_for_people_to_look_at(portal: Portal, saw: Saw) -> None:
    portal.sandbox.fault("http500", "*", count=1000)
    public_id = portal.open_session()
    for _ in range(27):
        portal.pass_time(timedelta(hours=1))
    session = portal.session(public_id)
    assert (session.status, session.failure) == ("review", "unknown")
    assert portal.attempt(public_id).status == "closing"
    saw("27 hours without an answer: handed to people, the order still being closed")


def test_b14_money_that_shows_up_after_all_is_taken_in(portal: Portal, saw: Saw) -> None:
    public_id = portal.open_session()
    portal.sandbox.fault("http500", "*", count=1000)
    for _ in range(27):
        portal.pass_time(timedelta(hours=1))
    assert portal.session(public_id).status == "review"
    portal.sandbox.pay(portal.order(public_id), late=True)
    portal.sandbox.settle()
    portal.settle()
    session = portal.session(public_id)
    assert (session.status, session.failure) == ("paid", None)
    assert portal.money_postings() == ["payment_credited"]
    saw("told after a day of silence: booked as credit")


def test_a_closed_order_needs_nobody_because_the_last_question_went_unanswered(portal: Portal) -> None:
    public_id = portal.open_session()
    portal.pass_time(timedelta(minutes=61))
    assert portal.attempt(public_id).status == "closed"
    portal.sandbox.fault("http500", "query", count=1000)
    for _ in range(27):
        portal.pass_time(timedelta(hours=1))
    assert portal.session(public_id).status == "expired"


def test_c7_a_close_that_is_refused_is_asked_again_until_the_provider_says_closed(portal: Portal, saw: Saw) -> None:
    portal.sandbox.switch(close_after_seconds=300)
    public_id = portal.open_session()
    owner = portal.visitor()
    owner.log_in("ann@shop.example")
    owner.post(f"/pay/{public_id}/cancel")
    portal.settle()
    for _ in range(10):
        portal.pass_time(timedelta(seconds=6))
        assert portal.attempt(public_id).status == "closing"
    assert asked(portal, portal.order(public_id), "close") <= 5
    portal.pass_time(timedelta(minutes=9))
    assert portal.attempt(public_id).status == "closed"
    assert portal.session(public_id).status == "cancelled"
    saw("refused for 5 minutes: at most 5 closes in the first, closed once the provider said so")


def test_c7_paid_while_it_is_being_closed(portal: Portal, saw: Saw) -> None:
    public_id = portal.open_session()
    portal.sandbox.pay(portal.order(public_id), lose=True)
    owner = portal.visitor()
    owner.log_in("ann@shop.example")
    owner.post(f"/pay/{public_id}/cancel")
    portal.settle()
    assert portal.attempt(public_id).status == "closing"
    portal.pass_time(timedelta(seconds=6))
    assert portal.session(public_id).status == "paid"
    saw("paid while being closed: the money taken in")
