"""A card from the button to the list: typed at the provider's page only, known by its event or by asking."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import text

from portal.kit import clock, edge
from portal.kit.db import db
from portal.kit.money import Money
from portal.payments import methods
from portal.payments.models import PaymentMethod
from portal.payments.providers import registry
from portal.payments.providers.base import ChargeOutcome, Result, StoredCharge
from tests.support import shop
from tests.support.portal import Portal
from tests.support.visitor import Visitor

GOOD, ASKS, REFUSED = "4242424242424242", "4000002760003184", "4000000000000002"
EMAIL = "ann@shop.example"


@pytest.fixture
def business(portal: Portal) -> str:
    portal.sandbox.switch(stripe_webhook_url=f"{portal.settings.base_url}/api/v1/webhooks/stripe")
    return portal.do(lambda: shop.make_business(shop.make_owner(EMAIL)).public_id)


@pytest.fixture
def owner(portal: Portal, business: str) -> Iterator[Visitor]:
    visitor = portal.visitor()
    visitor.log_in(EMAIL)
    yield visitor
    portal.sandbox.settle()


def ask(portal: Portal, owner: Visitor, business: str) -> str:
    """Ask for the page of a card and let it come; the address of ours that leads there."""
    owner.get(f"/businesses/{business}/methods")
    address = owner.post(f"/businesses/{business}/methods").headers["Location"]
    portal.settle()
    return address


def page_of(owner: Visitor, address: str) -> str:
    """Where the page of ours leads to: a link, as a form could not leave our origin."""
    html = owner.get(address).text
    assert 'id="method-state"' in html
    return html.split('href="http')[1].split('"')[0].join(("http", ""))


def stored(portal: Portal) -> list[PaymentMethod]:
    return portal.do(lambda: list(db.query(PaymentMethod).order_by(PaymentMethod.created_at)))


def test_a_card_is_stored_shown_chosen_and_removed(portal: Portal, owner: Visitor, business: str) -> None:
    address = ask(portal, owner, business)
    portal.sandbox.checkout(page_of(owner, address), ASKS)
    portal.sandbox.settle()
    portal.settle()
    assert "Visa •••• 3184 is stored" in owner.get(address).text
    assert "hx-trigger" not in owner.get(f"{address}/_state").text
    second = ask(portal, owner, business)
    portal.sandbox.checkout(page_of(owner, second), GOOD)
    portal.sandbox.settle()
    portal.settle()

    listed = owner.get(f"/businesses/{business}/methods").text
    assert [card in listed for card in ("•••• 3184", "•••• 4242", "12/2040")] == [True] * 3
    assert [(method.last4, method.is_default) for method in stored(portal)] == [("3184", True), ("4242", False)]
    assert len({method.provider_customer for method in stored(portal)}) == 1
    assert owner.post(f"{second}/default").status_code == 303
    assert [method.is_default for method in stored(portal)] == [False, True]
    assert [owner.post(f"{second}/remove").status_code for _ in range(2)] == [303, 303]
    portal.settle()
    assert [(method.status, method.is_default) for method in stored(portal)] == [("active", True), ("removed", False)]
    assert "•••• 4242" not in owner.get(f"/businesses/{business}/methods").text.split("toast")[0]
    assert owner.post(f"{second}/default").status_code == 409
    gone = stored(portal)[1].provider_method
    with pytest.raises(AssertionError, match="404"):
        portal.sandbox.bank(f"{gone}x", "ok")
    kept = portal.do(lambda: str(db.execute(text("SELECT jsonb_agg(m) FROM payment_methods m")).scalar()))
    assert not any(number in kept for number in (GOOD, ASKS))


def test_a_card_is_known_without_any_event_and_a_refused_one_changes_nothing(
    portal: Portal, owner: Visitor, business: str
) -> None:
    portal.sandbox.switch(stripe_copies=0)
    address = ask(portal, owner, business)
    page = page_of(owner, address)
    portal.sandbox.checkout(page, REFUSED)
    portal.pass_time(timedelta(seconds=20))
    assert [method.status for method in stored(portal)] == ["open"]
    portal.sandbox.checkout(page, GOOD)
    portal.pass_time(timedelta(seconds=20))
    assert [(method.status, method.last4, method.is_default) for method in stored(portal)] == [("active", "4242", True)]


def test_an_event_that_comes_many_times_or_too_late_does_nothing_more(
    portal: Portal, owner: Visitor, business: str
) -> None:
    portal.sandbox.switch(stripe_copies=5)
    address = ask(portal, owner, business)
    portal.sandbox.checkout(page_of(owner, address), GOOD)
    portal.pass_time(timedelta(seconds=20))
    assert owner.get(f"/businesses/{business}/methods").status_code == 200
    owner.post(f"{address}/remove")
    portal.sandbox.settle()
    portal.settle()
    assert [method.status for method in stored(portal)] == ["removed"]
    assert portal.count("payment_events", "kind = 'checkout.session.completed' AND outcome = 'looked_at'") == 1


def test_a_page_that_is_left_alone_ends_and_another_can_be_asked_for(
    portal: Portal, owner: Visitor, business: str
) -> None:
    address = ask(portal, owner, business)
    assert ask(portal, owner, business) == address, "while one is open, everybody is led to it"
    portal.pass_time(timedelta(hours=1, minutes=1))
    assert [method.status for method in stored(portal)] == ["expired"]
    assert "has ended" in owner.get(address).text
    assert ask(portal, owner, business) != address


@pytest.mark.parametrize(
    ("mode", "endpoint", "more"),
    [
        ("http500", "customers", {}),
        ("http500", "sessions", {}),
        ("drop", "sessions", {"after": True}),
        ("timeout_after", "sessions", {"hold": 0.2}),
    ],
)
def test_a_provider_that_does_not_answer_is_asked_again_for_the_same_page(
    portal: Portal, owner: Visitor, business: str, mode: str, endpoint: str, more: dict[str, object]
) -> None:
    portal.sandbox.fault(mode, endpoint, provider="stripe", **more)
    address = ask(portal, owner, business)
    assert "is being prepared" in owner.get(address).text
    portal.pass_time(timedelta(seconds=10))
    portal.sandbox.checkout(page_of(owner, address), GOOD)
    portal.sandbox.fault(mode, "sessions", provider="stripe", **more)
    portal.sandbox.settle()
    portal.settle()
    portal.pass_time(timedelta(minutes=1))
    assert [method.status for method in stored(portal)] == ["active"]
    portal.sandbox.fault(mode if mode != "http500" else "http429", "payment_methods", provider="stripe", **more)
    owner.post(f"{address}/remove")
    portal.settle()
    assert [method.status for method in stored(portal)] == ["removing"]
    portal.pass_time(timedelta(minutes=1))
    assert [method.status for method in stored(portal)] == ["removed"]


def test_a_refused_page_is_told(portal: Portal, owner: Visitor, business: str) -> None:
    other = ask(portal, owner, business)
    portal.sandbox.checkout(page_of(owner, other), GOOD)
    portal.pass_time(timedelta(seconds=20))
    portal.do(lambda: db.execute(text("UPDATE payment_methods SET provider_customer = 'cus_gone'")))
    address = ask(portal, owner, business)
    assert "could not be stored" in owner.get(address).text
    assert [method.status for method in stored(portal)] == ["active", "failed"]


def test_what_is_stored_can_be_charged_and_its_money_is_the_providers_word(
    portal: Portal, owner: Visitor, business: str
) -> None:
    address = ask(portal, owner, business)
    portal.sandbox.checkout(page_of(owner, address), GOOD)
    portal.pass_time(timedelta(seconds=20))
    [method] = stored(portal)
    assert portal.do(lambda: methods.find_default(method.customer_id)).id == method.id  # type: ignore[union-attr]
    charge = StoredCharge(
        "SH1", Money(29, "GBP"), "Listing", str(method.provider_customer), str(method.provider_method)
    )
    keeper = registry.get_keeper("stripe")
    assert keeper.charge_stored(charge).result is Result.REFUSED, "below the least that a card is charged"
    portal.sandbox.bank(str(method.provider_method), "insufficient_funds")
    refused = StoredCharge("SH2", Money(300, "GBP"), "Listing", charge.customer, charge.method)
    assert keeper.charge_stored(refused).outcome is ChargeOutcome.SOFT_DECLINE
    assert keeper.query_charge(refused, clock.wall() - timedelta(minutes=1)).outcome is ChargeOutcome.SOFT_DECLINE


def test_others_see_nothing_of_it(portal: Portal, owner: Visitor, business: str) -> None:
    address = ask(portal, owner, business)
    portal.do(lambda: shop.make_business(shop.make_owner("other@shop.example"), "Other"))
    other, nobody = portal.visitor(), portal.visitor()
    other.log_in("other@shop.example")
    own = other.get("/dashboard").text.split('href="/businesses/')[1].split("/")[0]
    name = address.rsplit("/", 1)[1]
    for path in (address, f"{address}/_state", f"/businesses/{own}/methods/{name}"):
        assert other.get(path).status_code == 404
        assert nobody.get(path).status_code == 302
    for verb in ("default", "remove"):
        assert other.post(f"/businesses/{own}/methods/{name}/{verb}").status_code == 404
    assert [method.status for method in stored(portal)] == ["open"]


def test_there_is_room_for_ten(portal: Portal, owner: Visitor, business: str) -> None:
    ask(portal, owner, business)
    portal.do(lambda: db.execute(text("UPDATE payment_methods SET status = 'expired'")))
    portal.do(
        lambda: db.execute(
            text(
                "INSERT INTO payment_methods (id, public_id, customer_id, provider, status, provider_customer, "
                "provider_method, brand, last4, exp_month, exp_year, created_at, expires_at) SELECT gen_random_uuid(), "
                "'pm_' || n, customer_id, 'stripe', 'active', 'cus', 'pm' || n, 'visa', '4242', 1, 2040, created_at, "
                "expires_at FROM payment_methods, generate_series(1, 10) n"
            )
        )
    )
    owner.get(f"/businesses/{business}/methods")
    refused = owner.post(f"/businesses/{business}/methods")
    assert (refused.status_code, "no room for another card" in refused.text) == (409, True)
    assert edge.write(lambda: len(stored(portal))) == 11
