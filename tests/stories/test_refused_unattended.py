"""A stored card that is refused while nobody is there: nothing changes, its vendor is told, and the link that is sent
leads to a code that is scanned."""

from datetime import timedelta
from urllib.parse import urlsplit

from portal.billing.unattended import UNTIL_PAID
from portal.kit import edge
from tests.stories.test_card_pays import EMAIL, address, confirm, owner, quote, session_of, store
from tests.stories.test_product_limits import pay
from tests.support.portal import Portal
from tests.support.visitor import Visitor
from tests.web.test_branches import NEW

__all__ = ["owner"]
DAY = timedelta(days=1)
ANSWERED = UNTIL_PAID + timedelta(minutes=6)


def asked_by_mail(portal: Portal) -> tuple[str, str]:
    """The subject of the newest mail, and where its link leads."""
    mail = portal.sandbox.outbox(EMAIL)[0]
    return mail["subject"], urlsplit(mail["links"][0]).path


def pay_by_scanning(portal: Portal, owner: Visitor, button: str) -> None:
    """Press the button that quotes, confirm what it costs, and scan the code."""
    quoted = owner.post(button).headers["Location"]
    assert owner.get(quoted).status_code == 200
    pay(portal, session_of(confirm(portal, owner, quoted, "wechat_pay")))


def test_what_a_refused_card_does_not_pay_is_asked_for_and_paid_from_its_link(portal: Portal, owner: Visitor) -> None:
    card, home = store(portal, owner), address(owner)
    assert "Paid. Thank you!" in owner.get(confirm(portal, owner, quote(owner))).text
    portal.sandbox.bank(card, "insufficient_funds")

    assert owner.post(f"{home}/branches/new", **NEW).status_code == 303
    portal.pass_time(DAY)
    portal.pass_time(ANSWERED)
    assert portal.count("payment_sessions", "is_automatic AND status = 'failed'") == 1
    assert (portal.count("branches", "shown_since IS NULL"), portal.count("dunning_cases")) == (1, 0)
    assert asked_by_mail(portal) == ("Branches wait to be paid", f"{home}/branches")
    assert NEW["name"] in owner.get(f"{home}/branches").text
    pay_by_scanning(portal, owner, f"{home}/branch-batch/settle")
    assert portal.count("branches", "shown_since IS NULL") == 0

    wakes_on = portal.do(edge.now).date() + 2 * DAY
    asleep = owner.post(f"{home}/hibernation/quote", wakes_on=wakes_on.isoformat()).headers["Location"]
    owner.get(asleep)
    assert owner.post(f"{asleep}/confirm").status_code == 303
    assert owner.post(f"{home}/hibernation/tier", tier="enterprise").status_code == 303
    portal.pass_time(2 * DAY)
    portal.pass_time(ANSWERED)
    assert portal.count("payment_sessions", "is_automatic AND status = 'failed'") == 2
    assert portal.count("subscriptions", "mode = 'hibernating' AND status = 'active'") == 1
    assert asked_by_mail(portal) == ("Your listing waits to be woken", f"{home}/hibernation")
    assert wakes_on.strftime("%Y") in owner.get(f"{home}/hibernation").text
    pay_by_scanning(portal, owner, f"{home}/hibernation/wake")
    assert portal.count("subscriptions", "mode = 'awake' AND tier_code = 'enterprise'") == 1
    assert portal.count("business_entitlements", "is_listed") == 1
