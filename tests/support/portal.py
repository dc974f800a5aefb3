"""Handles of a running product for stories: run its jobs, move its clock, ask the oracle."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

from flask import Flask
from sqlalchemy import text

from portal.billing import due
from portal.billing.renewals import RENEW
from portal.kit import clock, edge, jobs, leases
from portal.kit.config import Settings
from portal.kit.db import db
from portal.kit.jobs import Queue
from portal.payments.models import PaymentAttempt, PaymentSession
from portal.payments.queries import attempt_of, get_session
from tests.support import shop
from tests.support.leases import end_leases
from tests.support.oracle import Oracle
from tests.support.sandbox import Sandbox
from tests.support.visitor import Journal, Visitor
from worker.drain import drain

T = TypeVar("T")
_WAITING = text("SELECT DISTINCT queue FROM staged_jobs WHERE state = 'pending' AND due_at <= business_now()")
_MONEY = text("SELECT recipe FROM ledger_postings WHERE reference LIKE 'payment:%' ORDER BY recorded_at")


class Portal:
    """The product of one story."""

    def __init__(self, settings: Settings, environ: dict[str, str], app: Flask, sandbox: Sandbox) -> None:
        self.settings = settings
        self.environ = environ
        self.app = app
        self.sandbox = sandbox
        self.journal = Journal()

    def visitor(self) -> Visitor:
        """A browser on the wire, not logged in."""
        return Visitor(self.settings.base_url, self.journal)

    def do(self, work: Callable[[], T]) -> T:
        """Do something in one transaction of the product."""
        return edge.write(work)

    def settle(self) -> None:
        """Run due jobs of all queues until there are none."""
        while sum(drain(queue) for queue in self.do(_queues_with_work)) or self.do(_stage_renewals):
            pass

    def advance(self, step: timedelta) -> None:
        """Move business time of product and sandbox together, without running anything."""
        edge.write(lambda: clock.advance(step))
        self.sandbox.advance(step.total_seconds())

    def pass_time(self, step: timedelta) -> None:
        """Move business time and run what fell due."""
        self.advance(step)
        self.settle()

    def open_session(self, tier: str = "pro", further_branches: int = 2, email: str = "ann@shop.example") -> str:
        """Register a shop, confirm a quote, let the code arrive; return the session's public id."""
        public_id = self.begin_session(tier, further_branches, email)
        self.settle()
        return public_id

    def begin_session(self, tier: str = "pro", further_branches: int = 2, email: str = "ann@shop.example") -> str:
        """Register a shop and confirm a quote; nobody has asked for the code yet."""

        def begin() -> str:
            business = shop.make_business(shop.make_owner(email), f"Shop of {email}")
            for number in range(further_branches):
                shop.make_branch(business, f"Branch {number + 2}")
            customer = shop.make_customer(business)
            return shop.open_session(customer, shop.make_quote(customer, tier)).public_id

        return self.do(begin)

    def confirm_again(self, ended: str, email: str = "ann@shop.example") -> str:
        """Have the start quoted and confirmed anew through the pages; return the new session's public id."""
        owner = self.visitor()
        owner.log_in(email)
        opened = owner.post(f"{owner.quote_again(ended)}/confirm").headers["Location"]
        self.settle()
        return opened.rsplit("/", 1)[1]

    def session(self, public_id: str) -> PaymentSession:
        """The session as it is now."""
        return edge.write(lambda: get_session(public_id))

    def attempt(self, public_id: str) -> PaymentAttempt:
        """The newest attempt of a session as it is now."""
        return edge.write(lambda: attempt_of(get_session(public_id).id))

    def order(self, public_id: str) -> str:
        """Our order number at the provider."""
        return self.attempt(public_id).order_number

    def money_postings(self) -> list[str]:
        """The recipes of all postings of money that came, in order."""
        return self.do(lambda: list(db.scalars(_MONEY)))

    def count(self, table: str, condition: str = "true") -> int:
        """How many rows of a table there are."""
        query = text(f"SELECT count(*) FROM {table} WHERE {condition}")  # noqa: S608 - of tests only
        return self.do(lambda: int(db.execute(query).scalar_one()))

    @property
    def oracle(self) -> Oracle:
        """Who says whether all is well once everything due has run."""
        return Oracle(self.settings.database_url, self.sandbox, self.journal, self.rest)

    def rest(self) -> None:
        """Run to quiet as after a restart: what killed workers left behind is done as well, with no minute to wait."""
        self.do(end_leases)
        self.do(leases.free_expired)
        self.settle()


def _queues_with_work() -> list[Queue]:
    """The queues that anything waits in: to lease from those that have nothing takes most of a story's time."""
    return [Queue(name) for name in db.scalars(_WAITING)]


def _stage_renewals() -> bool:
    """Do what the scheduler does every minute, where a subscription is due; say whether one is."""
    if not due.count_due(edge.now()):
        return False
    jobs.stage(RENEW, queue=jobs.Queue.BULK, due_at=edge.now(), key=f"{jobs.RECURRING}{RENEW}")
    return True
