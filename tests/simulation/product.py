"""The product under simulation: every act of a person through its pages, of a payer through the sandbox; and one look
at its books after each, read from the database without the product's help.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import psycopg
import requests
from psycopg.rows import class_row

from portal.billing import branch_batches
from portal.currency import rates
from portal.directory.businesses import get_by_public_id
from portal.identity.queries import get_user_of
from portal.invoicing import customers
from portal.kit import edge, leases
from portal.kit.db import db
from tests.simulation.dying import Killed, dying_at
from tests.support import shop
from tests.support.cut_proxy import CutProxy
from tests.support.leases import end_leases
from tests.support.portal import Portal
from tests.support.sandbox import SandboxError
from tests.support.world import PER_EURO
from worker import relay
from worker.drain import drain

EMAIL = "ann@shop.example"
_SESSIONS = """
    SELECT s.public_id, s.status AS state, s.created_at, s.expires_at, s.ended_at, s.settlement_amount AS asked,
           t.order_number AS order, t.status AS attempt, t.disposition, t.captured_amount, t.captured_currency,
           t.captured_at, i.status AS invoice,
           s.paid_late_at IS NOT NULL AS is_late
    FROM payment_sessions s JOIN payment_attempts t ON t.session_id = s.id JOIN invoices i ON i.id = s.invoice_id
    ORDER BY s.created_at"""
_SHOPS = """
    SELECT b.public_id, u.status, u.version, u.tier_code AS tier, u.extra_branches AS branches, p.starts_on, p.ends_on,
           coalesce(a.balance, 0) AS credit,
           ARRAY(SELECT r.id::text FROM branches r WHERE r.business_id = b.id AND NOT r.is_main
                 AND r.removed_at IS NULL AND r.shown_since IS NOT NULL) AS shown,
           (SELECT count(*) FROM payment_refunds r WHERE r.customer_id = c.id) AS refunds
    FROM businesses b JOIN customers c ON c.business_id = b.id JOIN subscriptions u ON u.customer_id = c.id
    LEFT JOIN subscription_periods p ON p.subscription_id = u.id
    LEFT JOIN ledger_accounts a ON a.owner_id = c.id AND a.code = 'customer_credit'"""

_INVOICES = """
    SELECT b.public_id, i.status, i.total_amount FROM invoices i
    JOIN customers c ON c.id = i.customer_id JOIN businesses b ON b.id = c.business_id"""

_BATCHES = """
    WITH settled AS (
        SELECT b.id, b.public_id AS shop, e.occurred_at AS at, l -> 'derivation' ->> 'branch' AS name,
               (l ->> 'quantity')::int > 0 AS is_added
        FROM domain_events e JOIN subscriptions u ON u.public_id = e.subject JOIN customers c ON c.id = u.customer_id
        JOIN businesses b ON b.id = c.business_id, jsonb_array_elements(e.facts -> 'lines') l
        WHERE e.name = 'billing.branches_settled' AND b.public_id = %s)
    SELECT shop, at, coalesce(array_agg(r.id::text) FILTER (WHERE is_added), '{}') AS added,
           coalesce(array_agg(r.id::text) FILTER (WHERE NOT is_added), '{}') AS left
    FROM settled s JOIN branches r ON r.business_id = s.id AND r.name = s.name GROUP BY shop, at ORDER BY at"""

_TOLD = "SELECT facts ->> 'session' FROM emails WHERE template = 'notice' AND status = 'sent'"


@dataclass(frozen=True)
class SeenSession:
    """A session, its order and its invoice as the books have them."""

    public_id: str
    state: str
    created_at: datetime
    expires_at: datetime
    ended_at: datetime | None
    asked: int
    order: str
    attempt: str
    disposition: str | None
    captured_amount: int | None
    captured_currency: str | None
    captured_at: datetime | None
    invoice: str
    is_late: bool


@dataclass(frozen=True)
class SeenShop:
    """A business's agreement as the books have it."""

    public_id: str
    status: str
    version: int
    tier: str
    branches: int
    starts_on: date | None
    ends_on: date | None
    credit: int
    shown: list[str]
    refunds: int


@dataclass(frozen=True)
class SeenBatch:
    """Branches that were settled together."""

    shop: str
    at: datetime
    added: list[str]
    left: list[str]


class Product:
    """One product from its first day to its last; made anew for each example."""

    def __init__(self, portal: Portal, redis_wire: CutProxy, books: psycopg.Connection[Any]) -> None:
        self.portal, self.sandbox = portal, portal.sandbox
        self.owner = portal.visitor()
        self._redis_wire = redis_wire
        self._books = books
        self._is_redis_gone = False
        self._doom: int | None = None
        self.deaths = 0

    def begin(self, starts_at: datetime) -> None:
        """Let the first day come, with rates of that day, and let the owner of all shops log in."""
        self.portal.advance(max(starts_at - self.now(), timedelta()))
        self.portal.do(lambda: rates.store({self.now().date(): PER_EURO}, "test", edge.now()))
        self.portal.do(lambda: shop.make_owner(EMAIL))
        assert self.owner.log_in(EMAIL).status_code == 303

    def now(self) -> datetime:
        """Business time."""
        found = self._books.execute("SELECT business_now()").fetchone()
        assert found is not None
        return found[0]

    def sessions(self) -> Sequence[SeenSession]:
        """All sessions, in the order of their opening."""
        return self._books.cursor(row_factory=class_row(SeenSession)).execute(_SESSIONS).fetchall()

    def shops(self) -> Sequence[SeenShop]:
        """All businesses that chose a tier."""
        return self._books.cursor(row_factory=class_row(SeenShop)).execute(_SHOPS).fetchall()

    def invoices(self) -> Sequence[tuple[str, str, int]]:
        """Business, status and total of all invoices, drafts too."""
        return self._books.execute(_INVOICES).fetchall()

    def told(self) -> list[str]:
        """The sessions of whose money an owner was told by mail, each as often as that; what credit paid too."""
        return [session for (session,) in self._books.execute(_TOLD).fetchall()]

    def notify(self, order: str, variant: str, **wish: Any) -> list[int | None]:
        """Have crafted notices sent; no answers where the provider has no such order."""
        try:
            return self.sandbox.notify(order, variant, **wish)
        except SandboxError:
            return []

    def register(self, name: str, currency: str, zone: str) -> str:
        """Register a business with its main branch."""

        def make() -> str:
            owner = get_user_of(EMAIL)
            return shop.make_business(owner, name, currency=currency, time_zone=zone).public_id

        return self.portal.do(make)

    def add_branch(self, business: str, name: str) -> str:
        """Add a branch as its owner; its key is what quotes name."""

        def add() -> str:
            found, now = get_by_public_id(business), edge.now()
            customer = customers.find_of_business(found.id)
            return str(branch_batches.add(customer, found.id, now, may_spend=True, **shop.place(name)).id)

        return self.portal.do(add)

    def batches(self, business: str) -> Sequence[SeenBatch]:
        """What was settled of a business's branches so far, in order."""
        with self._books.cursor(row_factory=class_row(SeenBatch)) as books:
            return books.execute(_BATCHES, [business]).fetchall()

    def remove_branch(self, business: str, branch: str) -> requests.Response:
        """Remove a branch through its page."""
        query = "SELECT public_id FROM branches WHERE id = %s"
        found = self._books.execute(query, [branch]).fetchone()
        assert found is not None
        return self.owner.post(f"/businesses/{business}/branches/{found[0]}/remove")

    def pay(self, order: str, **wish: Any) -> dict[str, Any] | None:
        """Pay as somebody with a phone; None where the provider does not take it."""
        try:
            booked = self.sandbox.pay(order, **wish)
        except SandboxError:
            return None
        self.sandbox.settle()
        return booked

    def advance(self, step: timedelta) -> None:
        """Let time pass and notices arrive that fell due; jobs wait for `settle`."""
        self.portal.advance(step)

    def lose_redis(self) -> None:
        """Cut the wire to Redis."""
        self._is_redis_gone = True
        self._redis_wire.cut()

    def find_redis(self) -> None:
        """Mend the wire to Redis."""
        self._is_redis_gone = False
        self._redis_wire.cut()
        self._redis_wire.mend()

    def doom(self, moment: int) -> None:
        """Let the next worker that has anything to do die at its nth commit or call."""
        self._doom = moment

    def settle(self) -> None:
        """Run jobs until none is due; where a worker dies on the way, another comes after it."""
        if not edge.write(leases.due_queues):
            return
        moment, self._doom = self._doom, None
        try:
            with dying_at(moment, self.portal.settings.redis_url):
                self._run_due()
        except Killed:
            self.deaths += 1
            db.remove()
            self.portal.do(end_leases)
            self.portal.do(leases.free_expired)
            self._run_due()

    def _run_due(self) -> None:
        """Drain queues as workers do; without Redis the scheduler's tick does."""
        while queues := edge.write(leases.due_queues):
            if self._is_redis_gone:
                relay.tick()
            else:
                for queue in queues:
                    drain(queue)


@contextmanager
def looking_into(url: str) -> Iterator[psycopg.Connection[Any]]:
    """Read a database beside everybody else."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("SET timezone = 'UTC'")
        yield connection
