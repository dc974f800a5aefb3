"""A month that is not paid, as its vendor lives through it: told, tried again, shown when what happens, and paid."""

from collections.abc import Callable
from datetime import timedelta

from portal.currency import rates
from portal.kit import edge
from tests.stories.test_card_pays import address, confirm, owner, quote, store
from tests.support.portal import Portal
from tests.support.visitor import Visitor
from tests.support.world import PER_EURO

__all__ = ["owner"]
DAY = timedelta(days=1)


def pass_days(portal: Portal, *steps: int) -> None:
    """Let so many days pass at a time, with all that falls due on them."""
    for days in steps:
        portal.pass_time(days * DAY)


def words_of(owner: Visitor) -> str:
    return owner.get(f"{address(owner)}/plan").text


def test_d7_a_card_that_fails_is_told_of_tried_again_and_pays_at_last(
    portal: Portal, owner: Visitor, saw: Callable[[str], None]
) -> None:
    card = store(portal, owner)
    assert "Paid. Thank you!" in owner.get(confirm(portal, owner, quote(owner))).text
    portal.sandbox.bank(card, "insufficient_funds")
    pass_days(portal, 31)
    portal.pass_time(timedelta(minutes=11))
    assert portal.count("subscriptions", "status = 'past_due'") == 1
    page = words_of(owner)
    for told in (
        "is overdue",
        "The stored card is tried again",
        "The listing is hidden",
        "The plan ends",
        "Pay it now",
    ):
        assert told in page, told
    assert "Your card was declined" in owner.get("/notices").text
    before = portal.count("payment_sessions", "is_automatic")
    portal.sandbox.bank(card, "ok")
    pass_days(portal, 2)
    portal.pass_time(timedelta(minutes=11))
    assert portal.count("subscriptions", "status = 'active'") == 1
    assert portal.count("payment_sessions", "is_automatic") == before + 1
    assert "is overdue" not in words_of(owner)
    assert portal.sandbox.book()["stripe"]["totals"] == {"GBP": 600}
    saw("a card without money on the day: past due, told; money on it two days later: charged once, active again")


def test_what_was_hidden_is_brought_back_by_one_charge(
    portal: Portal, owner: Visitor, saw: Callable[[str], None]
) -> None:
    code = confirm(portal, owner, quote(owner), "wechat_pay")
    portal.sandbox.pay(portal.order(code.rsplit("/", 1)[1]))
    portal.sandbox.settle()
    portal.settle()
    days = [portal.do(edge.now).date() + number * DAY for number in range(60)]
    portal.do(lambda: rates.store(dict.fromkeys(days, PER_EURO), "test", edge.now()))
    pass_days(portal, 31, 2, 2, 4, 8)
    assert portal.count("subscriptions", "status = 'suspended'") == 1
    assert portal.count("business_entitlements", "is_listed") == 0
    store(portal, owner)
    assert "Bring your listing back" in words_of(owner)
    offer = quote(owner)
    assert "Still owed of invoice" in owner.get(offer).text
    assert "Paid. Thank you!" in owner.get(confirm(portal, owner, offer)).text
    assert portal.count("subscriptions", "status = 'active'") == 1
    assert portal.count("business_entitlements", "is_listed") == 1
    assert portal.count("invoices", "status = 'open'") == 0
    [charged] = portal.sandbox.book()["stripe"]["totals"].values()
    assert charged > 300
    saw(f"hidden for a fortnight's debt: one charge of {charged} pence pays it and a new month, listed again")
