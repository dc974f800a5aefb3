"""Thirteen months of a vendor, through the pages and the clock: everything that is due happens, in its order.

The clock steps from one due instant to the next, as `portal clock advance` has it do, and every month is another
chapter; each one's documents are compared with what the price list says by hand.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from portal.billing.periods import boundary, midnight
from portal.kit import clock_target, config, edge
from portal.kit.db import db
from tests.stories.test_card_pays import address, quote, store
from tests.support import shop
from tests.support.portal import Portal
from tests.web.test_branches import NEW
from worker import clock_steps

pytestmark = pytest.mark.timeout(300)
ANN = "ann@shop.example"
LONDON = ZoneInfo("Europe/London")
_DOCUMENTS = text("""
    SELECT kind, total_amount, status FROM invoices WHERE number IS NOT NULL AND issued_at > :since
    UNION ALL SELECT 'credit', -total_amount, reason FROM credit_notes WHERE issued_at > :since ORDER BY 1, 2
""")
_CREDIT = text("SELECT coalesce(sum(balance), 0) FROM ledger_accounts WHERE code = 'customer_credit'")
Documents = list[tuple[str, int, str]]


class Life:
    """A vendor who has just registered, and the day on which the first period began."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        portal.do(lambda: shop.make_business(shop.make_owner(ANN)))
        self.owner = portal.visitor()
        self.owner.log_in(ANN)
        self.home = address(self.owner)
        self.anchor = portal.do(edge.now).astimezone(LONDON).date()
        self.card = ""
        self._seen = portal.do(edge.now)

    def until(self, instant: datetime) -> None:
        """Head for an instant and do all that is due on the way."""
        self.portal.do(lambda: clock_target.head_for(instant))
        while clock_steps.step() and self.portal.do(clock_target.find):
            self.portal.settle()
        self.portal.settle()

    def month(self, number: int, days: int = 0) -> date:
        """Go on to so many days into a period, noon; return the day."""
        day = boundary(self.anchor, number) + timedelta(days=days)
        self.until(midnight(day, LONDON) + timedelta(hours=12))
        return day

    def pay(self, payment: str) -> None:
        """Scan the code of a payment's page."""
        self.portal.settle()
        self.portal.sandbox.pay(self.portal.order(payment.rsplit("/", 1)[1]))
        self.portal.sandbox.settle()
        self.portal.settle()

    def press(self, path: str, **typed: str) -> str:
        """Press a button under the business's address; return where it leads."""
        answer = self.owner.post(self.home + path, **typed)
        assert answer.status_code == 303, answer.text
        self.portal.settle()
        return str(answer.headers["Location"])

    def open_invoice(self) -> str:
        """The public id of the invoice that waits to be paid."""
        query = text("SELECT public_id FROM invoices WHERE status = 'open'")
        return self.portal.do(lambda: str(db.execute(query).scalar_one()))

    def documents(self) -> Documents:
        """What was issued since the last question: kind, amount, and the state or reason it has by now."""
        since, self._seen = self._seen, self.portal.do(edge.now)
        found = self.portal.do(lambda: db.execute(_DOCUMENTS, {"since": since}).all())
        return [(str(kind), int(amount), str(status)) for kind, amount, status in found]

    def credit(self) -> int:
        """What we owe the vendor, in pence."""
        return self.portal.do(lambda: int(db.execute(_CREDIT).scalar_one()))

    def is_listed(self) -> bool:
        """Whether the public sees the business."""
        return "Lantern Coffee" in self.portal.visitor().get("/directory?q=lantern").text


@pytest.fixture
def life(portal: Portal) -> Iterator[Life]:
    config.use(replace(portal.settings, sandbox_port=urlsplit(portal.sandbox.url).port))
    portal.sandbox.switch(stripe_webhook_url=f"{portal.settings.base_url}/api/v1/webhooks/stripe")
    yield Life(portal)
    portal.sandbox.settle()
    portal.settle()


def test_thirteen_months_of_a_vendor(life: Life, saw: Callable[[str], None]) -> None:
    for chapter in CHAPTERS:
        chapter(life)
    count = life.portal.count
    saw(f"{count('invoices', 'number IS NOT NULL')} invoices, {count('credit_notes')} credit note")


def begins(life: Life) -> None:
    """The first month, Starter, is paid by scanning; the second is invoiced ahead, and paid from its link."""
    life.pay(life.press(quote(life.owner, "starter").removeprefix(life.home) + "/confirm"))
    assert (life.documents(), life.is_listed()) == ([("subscription_start", 100, "paid")], True)
    life.month(1, -2)
    assert life.documents() == [("subscription_renewal", 100, "open")]
    life.pay(life.press(f"/history/invoices/{life.open_invoice()}/pay"))


def grows(life: Life) -> None:
    """In the second month's course it becomes Pro; the third is charged to the card that is stored by then."""
    days = (boundary(life.anchor, 2) - boundary(life.anchor, 1)).days
    life.month(1, days - 10)
    life.pay(life.press(quote(life.owner, "pro").removeprefix(life.home) + "/confirm"))
    assert life.documents() == [("subscription_change", round(2000 / days), "paid")]
    life.card = store(life.portal, life.owner)
    life.month(2)
    assert life.documents() == [("subscription_renewal", 300, "paid")]


def shrinks(life: Life) -> None:
    """From the fourth on it is Starter again, as was chosen; and other choices were taken back before."""
    life.press("/plan/next/cancel")
    life.press("/plan/next", tier="enterprise")
    life.press("/plan/next/take-back")
    life.press("/plan/next", tier="starter")
    life.month(3)
    assert life.documents() == [("subscription_renewal", 100, "paid")]


def sleeps_and_wakes(life: Life) -> None:
    """It hibernates for a month, and wakes on the day that was chosen."""
    wakes_on = boundary(life.anchor, 4) + timedelta(days=2)
    asleep = life.press("/hibernation/quote", wakes_on=wakes_on.isoformat())
    life.press(asleep.removeprefix(life.home) + "/confirm")
    assert (life.is_listed(), life.credit()) == (False, 50)
    life.month(4)
    assert life.documents() == [("credit", -50, "change"), ("subscription_renewal", 50, "paid")]
    life.month(4, 2)
    assert (life.is_listed(), [kind for kind, _, _ in life.documents()]) == (True, ["waking"])


def pays_ahead(life: Life) -> None:
    """Three months are paid ahead, and credit pays them."""
    life.month(5)
    life.documents()
    life.pay(life.press(life.press("/prepayment/quote", months="3").removeprefix(life.home) + "/confirm"))
    assert life.credit() == 300
    life.month(8)
    assert (life.documents(), life.credit()) == ([("subscription_renewal", 100, "paid")] * 3, 0)


def falls_behind(life: Life) -> None:
    """The card has no money on the first day of the tenth, and has some when it is tried again a day later."""
    count = life.portal.count
    life.portal.sandbox.bank(life.card, "insufficient_funds")
    life.month(9)
    assert (life.documents(), life.is_listed()) == ([("subscription_renewal", 100, "open")], True)
    assert count("subscriptions", "status = 'past_due'") == 1
    life.portal.sandbox.bank(life.card, "ok")
    life.month(9, 2)
    assert (count("invoices", "status = 'open'"), count("subscriptions", "status = 'active'")) == (0, 1)


def opens_a_branch(life: Life) -> None:
    """In the eleventh a branch is added, settled by the card at midnight, and shown from then on."""
    life.month(10)
    assert life.documents() == [("subscription_renewal", 100, "paid")]
    life.press("/branches/new", **NEW)
    assert (life.documents(), life.portal.count("branches", "shown_since IS NULL")) == ([], 1)
    days = (boundary(life.anchor, 11) - boundary(life.anchor, 10)).days
    life.month(10, 1)
    assert life.documents() == [("branch_batch", round(100 * (days - 1) / days), "paid")]
    assert life.portal.count("branches", "shown_since IS NULL") == 0


def ends_and_comes_back(life: Life) -> None:
    """It ends with the eleventh month, and comes back in the thirteenth as a new plan, with the branch it has."""
    life.press("/plan/next/cancel")
    life.month(11)
    assert (life.documents(), life.is_listed()) == ([], False)
    life.month(12)
    life.press(quote(life.owner, "pro").removeprefix(life.home) + "/confirm", method="stripe")
    assert (life.documents(), life.is_listed()) == ([("subscription_start", 400, "paid")], True)


CHAPTERS = (
    begins, grows, shrinks, sleeps_and_wakes, pays_ahead, falls_behind, opens_a_branch, ends_and_comes_back
)  # fmt: skip
