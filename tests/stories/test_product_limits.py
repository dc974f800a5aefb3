"""A vendor with more products than the tier holds, on the wire and through the clock: told three times, the newest
hidden, and shown again the moment a larger tier is paid for."""

from datetime import timedelta

from portal.directory.businesses import get_by_public_id
from portal.kit import edge
from tests.directory.shops import make_product
from tests.support.portal import Portal

ANN = "ann@shop.example"


def pay(portal: Portal, public_id: str) -> None:
    portal.settle()
    portal.sandbox.pay(portal.order(public_id))
    portal.sandbox.settle()
    portal.settle()


def test_a_soft_limit_from_the_first_notice_to_the_next_tier(portal: Portal) -> None:
    pay(portal, portal.open_session("starter", further_branches=0))
    owner = portal.visitor()
    owner.log_in(ANN)
    home = "/businesses/" + owner.get("/dashboard").text.split('href="/businesses/')[1].split("/")[0]
    shop = portal.do(lambda: get_by_public_id(home.rsplit("/", 1)[1]))
    portal.do(lambda: [make_product(shop, f"Cake {number:02}", edge.now()) for number in range(11)])
    portal.settle()
    for days in (4, 3):
        portal.pass_time(timedelta(days=days))
    assert [mail["subject"].partition(" until ")[0] for mail in portal.sandbox.outbox(ANN)][:3] == [
        "Your newest products are hidden",
        "Your product limit: all are shown",
        "You have more products than your tier holds",
    ]
    listing = f"/directory/{shop.slug}"
    assert ("Cake 09" in owner.get(listing).text, "Cake 10" in owner.get(listing).text) == (True, False)

    quote = owner.post(f"{home}/plan/quote", tier="pro").headers["Location"]
    pay(portal, owner.post(f"{quote}/confirm").headers["Location"].rsplit("/", 1)[1])
    assert "Cake 10" in owner.get(listing).text
    portal.pass_time(timedelta(days=2))
    assert portal.count("product_graces", "status <> 'ended'") == 0
    assert portal.sandbox.outbox(ANN)[0]["subject"] == "Your plan has changed"
