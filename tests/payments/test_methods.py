"""What the answers about stored cards set in motion, answer by answer, also late, doubled and about somebody else's."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError

from portal.kit import edge
from portal.kit.db import db as db_session
from portal.kit.errors import NotFound
from portal.kit.jobs import StagedJob
from portal.payments import methods, setups
from portal.payments.errors import MethodNotStored, ProviderNotConfigured
from portal.payments.methods import FORGET, LOOK_AT_SETUP, REQUEST_SETUP
from portal.payments.models import PaymentMethod
from portal.payments.providers import registry
from portal.payments.providers.base import Answer, Result, Setup, SetupState, StoredCard
from portal.payments.setups import Holder
from tests.support import shop
from tests.support.everything import store_card

_METHOD_OF_SESSION = text("UPDATE payment_sessions SET method_id = :method WHERE id = :session")
CARD = StoredCard("pm_theirs", "visa", "4242", 12, 2040)
HOLDER = Holder("cus_ours", "Lantern Coffee", "http://shop.example/methods/pm")


@pytest.fixture
def method(db: None) -> PaymentMethod:
    customer = shop.make_customer(shop.make_business(shop.make_owner()))
    return methods.begin(customer.id, edge.now())


def opened(method: PaymentMethod) -> Setup:
    """Let the page come; what the keeper says of it."""
    setup = Setup("cs_1", method.public_id, "cus_theirs", SetupState.OPEN, url="http://stripe.example/c/1")
    setups.record_setup(method.id, said(setup=setup), edge.now())
    return setup


def said(result: Result = Result.DONE, setup: Setup | None = None) -> Answer:
    return Answer("setup", result, None, "", 1, setup=setup)


def done(told: Setup, **changes: object) -> Answer:
    return said(setup=replace(told, state=SetupState.DONE, url=None, card=CARD, **changes))  # type: ignore[arg-type]


def waiting(name: str) -> list[StagedJob]:
    return list(db_session.scalars(select(StagedJob).where(StagedJob.name == name, StagedJob.state == "pending")))


def test_a_stored_card_is_the_default_where_it_is_the_first(method: PaymentMethod) -> None:
    setups.record_look(method.id, done(opened(method)), edge.now())
    assert (method.status, method.is_default, method.brand, method.last4) == ("active", True, "visa", "4242")
    customer = shop.customers.get(method.customer_id)
    assert not store_card(customer).is_default
    assert methods.find_default(method.customer_id) is method


@pytest.mark.parametrize("changes", [{"reference": "pm_other"}, {"customer": "cus_other"}, {"setup": "cs_other"}])
def test_another_s_card_never_becomes_somebody_s_method(method: PaymentMethod, changes: dict[str, str]) -> None:
    setup = opened(method)
    setups.record_look(method.id, done(setup, **changes), edge.now())
    assert (method.status, method.provider_method, method.asks) == ("open", None, 1)
    setups.record_look(method.id, done(setup), edge.now())
    assert (method.status, method.asks) == ("active", 0)


def test_a_page_of_another_reference_is_not_shown(method: PaymentMethod) -> None:
    setup = Setup("cs_1", "pm_other", "cus_theirs", SetupState.OPEN, url="http://stripe.example/c/1")
    setups.record_setup(method.id, said(setup=setup), edge.now())
    assert (method.status, method.setup_url) == ("created", None)
    assert len(waiting(REQUEST_SETUP)) == 1


def test_what_comes_twice_or_too_late_changes_nothing(method: PaymentMethod) -> None:
    setup = opened(method)
    opened(method)
    setups.record_setup(method.id, said(Result.REFUSED), edge.now())
    setups.record_look(method.id, done(setup), edge.now())
    setups.record_look(method.id, said(setup=replace(setup, state=SetupState.EXPIRED, url=None)), edge.now())
    assert method.status == "active"
    methods.remove(method.customer_id, method.public_id, edge.now())
    setups.record_look(method.id, done(setup), edge.now())
    setups.record_forget(method.id, said(), edge.now())
    setups.record_forget(method.id, said(Result.UNKNOWN), edge.now())
    assert (method.status, method.is_default) == ("removed", False)
    assert (setups.prepare_look(method.id), setups.prepare_forget(method.id)) == (None, None)
    assert setups.prepare_setup(method.id, HOLDER, edge.now()) is None


def test_a_page_nobody_can_tell_of_is_asked_about_for_a_day(method: PaymentMethod) -> None:
    opened(method)
    late = method.expires_at + timedelta(hours=24)
    setups.record_look(method.id, said(Result.UNKNOWN), late - timedelta(seconds=1))
    assert (method.status, len(waiting(LOOK_AT_SETUP))) == ("open", 1)
    setups.record_look(method.id, said(Result.UNKNOWN), late)
    assert method.status == "expired"


def test_a_page_that_never_came_in_time_is_given_up(method: PaymentMethod) -> None:
    order = setups.prepare_setup(method.id, HOLDER, method.expires_at - timedelta(seconds=1))
    assert order is not None
    assert (order.reference, order.customer, order.done_url) == (method.public_id, None, HOLDER.return_url)
    assert setups.prepare_setup(method.id, HOLDER, method.expires_at) is None
    assert method.status == "expired"


def test_the_next_card_is_stored_with_the_same_customer(method: PaymentMethod) -> None:
    setups.record_look(method.id, done(opened(method)), edge.now())
    second = methods.begin(method.customer_id, edge.now())
    order = setups.prepare_setup(second.id, HOLDER, edge.now())
    assert order is not None
    assert order.customer == "cus_theirs"


def test_removing_the_default_leaves_the_newest_other_one(method: PaymentMethod) -> None:
    setups.record_look(method.id, done(opened(method)), edge.now())
    customer = shop.customers.get(method.customer_id)
    others = [store_card(customer) for _ in range(2)]
    methods.remove(customer.id, method.public_id, edge.now())
    assert [other.is_default for other in others] == [False, True]
    assert methods.find_default(customer.id) is others[1]
    setups.record_forget(method.id, said(Result.REFUSED), edge.now())
    assert method.status == "removed", "it is charged no more, whatever its keeper says"
    for other in others:
        methods.remove(customer.id, other.public_id, edge.now())
    assert methods.find_default(customer.id) is None
    assert len(waiting(FORGET)) == 3


def test_only_what_is_stored_is_chosen_and_removed(method: PaymentMethod) -> None:
    for act in (methods.make_default, lambda owner, wanted: methods.remove(owner, wanted, edge.now())):
        with pytest.raises(MethodNotStored):
            act(method.customer_id, method.public_id)
        with pytest.raises(NotFound):
            act(method.customer_id, "pm_none")
    stranger = shop.make_customer(shop.make_business(shop.make_owner("bob@shop.example"), "Other"))
    with pytest.raises(NotFound):
        methods.remove(stranger.id, method.public_id, edge.now())


def test_news_of_a_page_that_is_not_ours_is_noted(db: None) -> None:
    assert setups.look_soon("stripe", "cs_none", edge.now()) == "unknown_setup"


def test_without_a_keeper_no_card_is_asked_for(method: PaymentMethod, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_keepers", {})
    assert not methods.is_offered()
    with pytest.raises(ProviderNotConfigured):
        methods.begin(method.customer_id, edge.now())


def test_g18_a_card_never_pays_for_another_customer(method: PaymentMethod, saw: Callable[[str], None]) -> None:
    owner, bob = shop.customers.get(method.customer_id), shop.make_owner("bob@shop.example")
    other = shop.make_customer(shop.make_business(bob, "Other"))
    cards = [store_card(customer) for customer in (owner, other)]
    session = shop.open_session(owner, shop.make_quote(owner))
    with pytest.raises(IntegrityError, match="payment_sessions_method_fkey"), db_session.begin_nested():
        db_session.execute(_METHOD_OF_SESSION, {"method": cards[1].id, "session": session.id})
    db_session.execute(_METHOD_OF_SESSION, {"method": cards[0].id, "session": session.id})
    with pytest.raises(NotFound):
        methods.get(owner.id, cards[1].public_id)
    saw("a payment with another customer's card: refused by the database; its page is not found")
