"""A confirmed quote is paid by the card that is stored: at once, after its bank has asked, or not at all."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
import requests
from sqlalchemy import select

from portal.kit.db import db
from portal.payments.models import PaymentMethod
from tests.stories.test_stored_cards import ASKS, GOOD, ask, page_of
from tests.support import shop
from tests.support.portal import Portal
from tests.support.visitor import Visitor

EMAIL = "ann@shop.example"
Saw = Callable[[str], None]


@pytest.fixture
def owner(portal: Portal) -> Iterator[Visitor]:
    portal.sandbox.switch(stripe_webhook_url=f"{portal.settings.base_url}/api/v1/webhooks/stripe")
    portal.do(lambda: shop.make_business(shop.make_owner(EMAIL)))
    visitor = portal.visitor()
    visitor.log_in(EMAIL)
    yield visitor
    portal.sandbox.settle()
    portal.settle()


def address(owner: Visitor) -> str:
    return "/businesses/" + owner.get("/dashboard").text.split('href="/businesses/')[1].split("/")[0]


def store(portal: Portal, owner: Visitor, number: str = GOOD) -> str:
    """Store a card through the pages; its id at the provider."""
    portal.sandbox.checkout(page_of(owner, ask(portal, owner, address(owner).rsplit("/", 1)[1])), number)
    portal.sandbox.settle()
    portal.settle()
    newest = select(PaymentMethod.provider_method).order_by(PaymentMethod.created_at.desc()).limit(1)
    return portal.do(lambda: str(db.execute(newest).scalar_one()))


def quote(owner: Visitor, tier: str = "pro") -> str:
    plan = f"{address(owner)}/plan"
    owner.get(plan)
    made = owner.post(f"{plan}/quote", tier=tier).headers["Location"]
    owner.get(made)
    return made


def confirm(portal: Portal, owner: Visitor, quoted: str, method: str = "stripe") -> str:
    """Confirm a quote and let happen what happens at once; the address of the payment."""
    answer = owner.post(f"{quoted}/confirm", method=method)
    assert answer.status_code == 303, answer.text
    portal.settle()
    return answer.headers["Location"]


def session_of(payment: str) -> str:
    return payment.rsplit("/", 1)[1]


def charged(portal: Portal) -> dict[str, int]:
    totals: dict[str, int] = portal.sandbox.book()["stripe"]["totals"]
    return totals


def bank_page(owner: Visitor, payment: str) -> str:
    html = owner.get(payment).text
    assert "Your bank asks whether it is you" in html
    return html.split('class="pay-wallet"')[1].split('href="')[1].split('"')[0]


def test_a_plan_starts_and_grows_at_once_by_the_stored_card_until_that_is_removed(
    portal: Portal, owner: Visitor
) -> None:
    store(portal, owner)
    quoted = quote(owner)
    assert "with Visa •••• 4242" in owner.get(quoted).text
    assert "Paid. Thank you!" in owner.get(confirm(portal, owner, quoted)).text
    assert "Paid. Thank you!" in owner.get(confirm(portal, owner, quote(owner, "enterprise"))).text
    assert portal.money_postings() == ["payment_received", "payment_received"]
    assert charged(portal) == {"GBP": 500}
    receipt = owner.get("/history").text.split("/history/payments/")[1].split('"')[0]
    assert "Card" in owner.get(f"{address(owner)}/history/payments/{receipt}").text

    other = portal.do(lambda: shop.make_business(shop.make_owner("bea@shop.example"), "Bea").public_id)
    bea = portal.visitor()
    bea.log_in("bea@shop.example")
    assert bea.get(quoted).status_code == 404
    card = store(portal, bea)
    quoted = quote(bea)
    payment = bea.post(f"{quoted}/confirm", method="stripe").headers["Location"]
    stored = portal.do(
        lambda: db.execute(select(PaymentMethod.public_id).where(PaymentMethod.provider_method == card)).scalar_one()
    )
    bea.post(f"/businesses/{other}/methods/{stored}/remove")
    portal.settle()
    assert "This card was removed before it was charged" in bea.get(payment).text
    assert charged(portal) == {"GBP": 500}
    assert bea.post(f"{quoted}/confirm", method="stripe").status_code == 409
    assert bea.post(f"{quoted}/confirm", method="barter").status_code == 404


def test_a_bank_that_asks_is_answered_wrongly_then_rightly_and_nobody_tells_of_it(
    portal: Portal, owner: Visitor
) -> None:
    store(portal, owner, ASKS)
    portal.sandbox.switch(stripe_copies=0)
    quoted = quote(owner)
    payment = confirm(portal, owner, quoted)
    requests.post(bank_page(owner, payment), data={"button": "fail"}, timeout=10)
    portal.pass_time(timedelta(seconds=11))
    page = owner.get(payment).text
    assert "could not make sure that it was you" in page
    assert "Pay in another way" in page

    payment = confirm(portal, owner, quoted)
    assert charged(portal) == {}
    page = bank_page(owner, payment)
    assert "is it you?" in requests.get(page, timeout=10).text
    answer = requests.post(page, data={"button": "complete"}, timeout=10)
    assert f'href="{portal.settings.base_url}{payment}"' in answer.text, "it leads back"
    portal.pass_time(timedelta(seconds=11))
    assert "Paid. Thank you!" in owner.get(payment).text
    assert charged(portal) == {"GBP": 300}
    assert portal.count("invoices") == 1, "the draft stood all the time"


def test_b14_a_declined_card_changes_nothing_and_a_charge_that_nobody_knows_of_is_made_once(
    portal: Portal, owner: Visitor, saw: Saw
) -> None:
    card = store(portal, owner)
    portal.sandbox.switch(stripe_copies=0)
    portal.sandbox.bank(card, "insufficient_funds")
    quoted = quote(owner)
    page = owner.get(confirm(portal, owner, quoted)).text
    assert "not enough money on this card" in page
    assert portal.count("invoices", "status = 'draft'") == 1
    assert portal.count("subscriptions", "status = 'incomplete'") == 1

    portal.sandbox.bank(card, "ok")
    for after, sum_charged in ((False, 300), (True, 500)):
        portal.sandbox.fault("drop", "payment_intents", provider="stripe", after=after)
        payment = confirm(portal, owner, quoted)
        assert portal.attempt(session_of(payment)).status == "unknown"
        assert "Your card is being charged" in owner.get(payment).text
        assert owner.post(f"{quoted}/confirm", method="wechat_pay").status_code == 409, "no other way meanwhile"
        portal.pass_time(timedelta(seconds=10))
        assert "Paid. Thank you!" in owner.get(payment).text
        assert charged(portal) == {"GBP": sum_charged}
        quoted = quote(owner, "enterprise") if not after else quoted
    saw("a stored card's charge dropped before and after it acted: unknown, no other way meanwhile, charged once each")


def test_another_way_takes_the_place_of_the_first_and_what_waits_at_the_bank_is_given_up(
    portal: Portal, owner: Visitor
) -> None:
    store(portal, owner, ASKS)
    quoted = quote(owner)
    code = confirm(portal, owner, quoted, "wechat_pay")
    payment = confirm(portal, owner, quoted)
    states = [portal.session(session_of(one)).status for one in (code, payment)]
    assert states == ["cancelled", "open"]
    page = bank_page(owner, payment)
    assert confirm(portal, owner, quoted) == payment
    again = confirm(portal, owner, quoted, "wechat_pay")
    portal.pass_time(timedelta(seconds=5))
    assert portal.attempt(session_of(payment)).status == "closed"
    assert requests.post(page, data={"button": "complete"}, timeout=10).status_code == 410
    assert "This payment was cancelled" in owner.get(payment).text

    payment = confirm(portal, owner, quoted)
    assert portal.session(session_of(again)).status == "cancelled"
    page = bank_page(owner, payment)
    portal.pass_time(timedelta(hours=1, minutes=1))
    assert "The time for this payment is over" in owner.get(payment).text
    assert requests.post(page, data={"button": "complete"}, timeout=10).status_code == 410
    assert portal.attempt(session_of(payment)).status == "closed"
    assert charged(portal) == {}
