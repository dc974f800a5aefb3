"""Being told, on the wire: mails in their reader's language whose links open, notices, and one click to end them."""

from urllib.parse import urlsplit

import requests

from portal.directory.businesses import get_by_public_id
from portal.identity import team
from portal.identity.permissions import Role
from portal.identity.queries import get_user_of
from portal.kit import edge
from tests.support import shop
from tests.support.portal import Portal

ANN, MONA = "ann@shop.example", "mona@shop.example"


def business_of(portal: Portal) -> str:
    """The public id of Ann's business, as its pages tell it."""
    owner = portal.visitor()
    owner.log_in(ANN)
    return owner.get("/dashboard").text.split('href="/businesses/')[1].split("/")[0]


def pay(portal: Portal) -> None:
    public_id = portal.open_session()
    portal.sandbox.pay(portal.order(public_id))
    portal.sandbox.settle()
    portal.settle()


def test_a_start_is_told_with_its_sum_and_its_links_open(portal: Portal) -> None:
    pay(portal)
    [mail] = portal.sandbox.outbox(ANN)
    for body in (mail["text"], mail["html"]):
        assert "£1.00 × 2 × 1 month = £2.00" in body
    owner = portal.visitor()
    owner.log_in(ANN)
    invoice, listing, *_ = [urlsplit(link).path for link in mail["links"]]
    assert [owner.get(path).status_code for path in (listing, invoice)] == [200, 200]
    assert (portal.visitor().get(listing).status_code, portal.visitor().get(invoice).status_code) == (200, 302)
    shown = requests.get(f"{portal.sandbox.url}/outbox/{mail['id']}", timeout=5).text
    assert "£1.00 × 2 × 1 month = £2.00" in shown
    assert f'src="/outbox/{mail["id"]}/html"' in shown

    page = owner.get("/notices").text
    assert page.count("Your listing is live") == 1
    opened = owner.post(page.split('action="')[1:][-2].split('"')[0])
    assert (opened.status_code, opened.headers["Location"]) == (303, invoice)
    assert "notice-unread" not in owner.get("/notices").text


def test_everybody_of_the_team_is_told_in_their_own_language(portal: Portal) -> None:
    public_id = portal.open_session()
    business = business_of(portal)

    def hire() -> None:
        shop.make_member(get_by_public_id(business), MONA, Role.MANAGER).locale = "zh"

    portal.do(hire)
    portal.sandbox.pay(portal.order(public_id))
    portal.sandbox.settle()
    portal.settle()
    [english], [chinese] = portal.sandbox.outbox(ANN), portal.sandbox.outbox(MONA)
    assert (english["subject"], chinese["subject"]) == ("Your listing is live", "您的展示页已上线")
    assert "£1.00 × 2 × 1 个月 = £2.00" in chinese["text"]


def test_mails_of_a_kind_are_ended_by_the_click_of_a_mail_program(portal: Portal) -> None:
    portal.open_session()
    business = business_of(portal)

    def invite(address: str) -> None:
        found, ann = get_by_public_id(business), get_user_of(ANN)
        team.invite(found.id, found.name, address, Role.VIEWER, False, ann, edge.now())

    def join(address: str) -> None:
        portal.do(lambda: shop.make_owner(address) and None)
        portal.do(lambda: invite(address))
        portal.settle()
        guest = portal.visitor()
        guest.log_in(address)
        path = urlsplit(portal.sandbox.outbox(address)[0]["links"][0]).path
        guest.get(path)
        assert guest.post(path).status_code == 303
        portal.settle()

    join(MONA)
    [told] = portal.sandbox.outbox(ANN)
    assert told["subject"] == "Ann joined your team"
    assert told["unsubscribe"] in requests.get(f"{portal.sandbox.url}/outbox/{told['id']}", timeout=5).text
    clicked = requests.post(told["unsubscribe"], data={"List-Unsubscribe": "One-Click"}, timeout=5)
    assert clicked.status_code == 204
    join("vic@shop.example")
    assert len(portal.sandbox.outbox(ANN)) == 1
