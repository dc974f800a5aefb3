"""The product under the simulation of months: its clock goes from due instant to due instant, and its books are read
without its help."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from psycopg.rows import class_row

from portal.currency import rates
from portal.directory import products
from portal.directory.businesses import get_by_public_id
from portal.directory.queries import count_shown
from portal.kit import edge
from tests.directory.shops import make_product
from tests.simulation.months.limited import Grace
from tests.simulation.product import EMAIL, Product
from tests.support import shop
from tests.support.world import PER_EURO

LONGEST = timedelta(days=200)
"""So far ahead there are rates, one of each day, all the same."""
_GOOD_CARD = "4242424242424242"
_PLAN = """
    SELECT u.status, u.mode, u.tier_code AS tier, u.version, u.wakes_on, coalesce(a.balance, 0) AS credit,
           coalesce((SELECT balance FROM ledger_accounts l WHERE l.owner_id = c.id AND l.code = 'customer_carried'), 0)
               AS carried,
           CASE WHEN u.cancels_at_end THEN 'end' ELSE coalesce(u.pending_tier_code, '') END AS pending,
           coalesce((SELECT is_listed FROM business_entitlements e WHERE e.business_id = c.business_id), false)
               AS is_listed,
           (SELECT overage_policy FROM business_entitlements e WHERE e.business_id = c.business_id) AS policy,
           (SELECT count(*) FROM payment_refunds) AS held_back,
           (SELECT coalesce(sum(total_amount), 0)::bigint FROM credit_notes) AS noted,
           (SELECT count(*) FROM payment_sessions WHERE is_automatic) AS charges,
           u.extra_branches AS extra, ARRAY(SELECT r.id::text || CASE WHEN r.leaving_since IS NOT NULL THEN ' leaves'
                    WHEN r.shown_since IS NULL THEN ' waits' ELSE '' END FROM branches r
                 WHERE r.business_id = c.business_id AND r.removed_at IS NULL AND NOT r.is_main) AS branches,
           ARRAY(SELECT p.starts_on || '..' || p.ends_on || ' ' || (
                    SELECT sum(h.unit_amount * h.quantity) FROM period_holdings h WHERE h.period_id = p.id)
                 FROM subscription_periods p WHERE p.subscription_id = u.id ORDER BY p.number) AS periods
    FROM subscriptions u JOIN customers c ON c.id = u.customer_id
    LEFT JOIN ledger_accounts a ON a.owner_id = c.id AND a.code = 'customer_credit'
    ORDER BY u.created_at DESC LIMIT 1"""
_INVOICES = """
    SELECT i.public_id, i.kind, i.status, i.total_amount AS total, i.credit_amount AS credit, i.paid_amount AS paid,
           i.credited_amount AS credited, i.credited_open_amount AS credited_open, i.period_starts_on AS starts_on,
           d.status AS case_status, d.step, d.started_at, d.next_at
    FROM invoices i LEFT JOIN dunning_cases d ON d.invoice_id = i.id
    WHERE i.number IS NOT NULL ORDER BY i.issued_at, i.number"""
_TOLD = """
    SELECT name, occurred_at, facts FROM domain_events WHERE name IN ('billing.renewal_announced',
        'billing.payment_overdue', 'billing.subscription_suspended', 'billing.subscription_ended',
        'billing.product_limit_passed')"""
_NEXT = """
    SELECT least((SELECT min(due_at) FROM staged_jobs WHERE state = 'pending' AND due_at > business_now()
                  AND (name LIKE 'billing.%' OR name = 'payments.expire_session')),
                 (SELECT min(renews_at) FROM subscriptions))"""

_GRACE = """
    SELECT ends_at, under_since, resting_since, warned_at IS NOT NULL AS is_warned, status = 'hidden' AS is_hidden,
           charged_at IS NOT NULL AS is_charged, told_amount AS told
    FROM product_graces WHERE status <> 'ended'"""


@dataclass(frozen=True)
class SeenPlan:
    """The newest agreement of the business, with what else is counted, as the books have it."""

    status: str
    mode: str
    tier: str
    version: int
    wakes_on: date | None
    credit: int
    carried: int
    pending: str
    is_listed: bool
    policy: str | None
    held_back: int
    noted: int
    charges: int
    extra: int
    branches: list[str]
    periods: list[str]


@dataclass(frozen=True)
class SeenInvoice:
    """An issued invoice and its case."""

    public_id: str
    kind: str
    status: str
    total: int
    credit: int
    paid: int
    credited: int
    credited_open: int
    starts_on: date
    case_status: str | None
    step: int | None
    started_at: datetime | None
    next_at: datetime | None


class LongProduct(Product):
    """One product and its only business, for some months."""

    def begin(self, starts_at: datetime) -> None:
        """Let the first day come, with the rates of all days, and let the owner log in."""
        self.portal.advance(max(starts_at - self.now(), timedelta()))
        first = self.now().date()
        of_days = {first + timedelta(days=number): PER_EURO for number in range(LONGEST.days + 10)}
        self.portal.do(lambda: rates.store(of_days, "test", edge.now()))
        self.portal.sandbox.switch(stripe_webhook_url=f"{self.portal.settings.base_url}/api/v1/webhooks/stripe")
        self.portal.do(lambda: shop.make_owner(EMAIL))
        assert self.owner.log_in(EMAIL).status_code == 303

    def settle(self) -> None:
        """Run what is due, renewals too."""
        self.portal.settle()

    def until(self, instant: datetime) -> Iterator[None]:
        """Go to an instant, and stop on the way wherever something of billing is due."""
        while (found := self._ask(_NEXT)[0][0]) is not None and found <= instant:
            self.advance(max(found - self.now(), timedelta()))
            self.settle()
            yield
        self.advance(max(instant - self.now(), timedelta()))
        self.settle()
        yield

    def plan(self) -> SeenPlan:
        """The agreement as it is."""
        found = self._books.cursor(row_factory=class_row(SeenPlan)).execute(_PLAN).fetchone()
        assert found is not None
        return found

    def issued(self) -> Sequence[SeenInvoice]:
        """All issued invoices, in their order."""
        return self._books.cursor(row_factory=class_row(SeenInvoice)).execute(_INVOICES).fetchall()

    def grace(self) -> Grace | None:
        """The grace that has not ended."""
        return self._books.cursor(row_factory=class_row(Grace)).execute(_GRACE).fetchone()

    def stock(self, business: str, count: int) -> None:
        """Enter products or hide the newest by hand, so that so many are shown."""

        def do() -> None:
            found = get_by_public_id(business)
            shown = count_shown(found.id)
            if count < shown:
                products.hide_newest(found.id, count, edge.now())
            for number in range(shown, count):
                make_product(found, f"Cake {number}", edge.now())

        self.portal.do(do)

    def store_card(self, home: str) -> str:
        """Store a good card through the pages of a business; its name at the provider."""
        self.owner.get(f"{home}/methods")
        address = self.owner.post(f"{home}/methods").headers["Location"]
        self.settle()
        page = "http" + self.owner.get(address).text.split('href="http')[1].split('"')[0]
        self.sandbox.checkout(page, _GOOD_CARD)
        self.sandbox.settle()
        self.settle()
        newest = "SELECT provider_method FROM payment_methods ORDER BY created_at DESC LIMIT 1"
        return str(self._ask(newest)[0][0])

    def happened(self, zone_at: Callable[[datetime], str]) -> list[tuple[object, ...]]:
        """What its owner was told of: when, why and how much."""
        return [_told(name, at.astimezone(ZoneInfo(zone_at(at))).date(), facts) for name, at, facts in self._ask(_TOLD)]

    def _ask(self, query: str) -> list[Any]:
        return self._books.execute(query).fetchall()


def _told(name: str, day: date, facts: dict[str, Any]) -> tuple[object, ...]:
    match name:
        case "billing.renewal_announced":
            return "announced", date.fromisoformat(facts["starts_on"]), facts["amount"], facts["carried"]
        case "billing.payment_overdue":
            return "overdue", day, facts["reason"], facts["amount"], facts["carried"]
        case "billing.product_limit_passed":
            return "limit", day, facts["step"], facts["amount"], facts["carried"]
        case "billing.subscription_suspended":
            return "suspended", day, facts["amount"]
    return "ended", day
