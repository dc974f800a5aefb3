"""The forms of all pages over one world, and a way to send them that takes everything back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import text

from portal.billing import at_period_end, branch_batches, checkout, renewals
from portal.billing.apply_payment import apply_payment
from portal.billing.queries import newest_period
from portal.directory import branches, product_import, visibility
from portal.invoicing import carried_account
from portal.kit import edge, ids
from portal.kit.db import db
from portal.kit.money import Money
from portal.payments import sessions
from portal.payments.queries import get_session
from tests.fuzz.targets import LATER, SETTLED, Target, all_targets, later_targets
from tests.support import rows, shop
from tests.support.callers import client_of
from tests.support.everything import World
from tests.support.inert import traces

BOOKKEEPING = {"/login": {"login_attempts", "audit_log"}, "/console/login": {"login_attempts", "audit_log"}}
"""What a refusal writes all the same: that somebody guessed."""

_OWED = "inv_owed"
_FOUND: dict[str, dict[str, Target]] = {}
"""The forms of each world that was looked through, by its business: opening all pages takes seconds."""


class Field:
    """Where the forms are sent: each time from the same rows, and never with a trace."""

    def __init__(self, app: Flask, world: World, cookies: dict[str, str]) -> None:
        self.app = app
        self.world = world
        self.cookies = cookies
        first = all_targets(app, world, cookies) if world.ids["business"] not in _FOUND else {}
        world.ids.setdefault("invoice_id", _OWED)
        self._states = {
            "running": self._run,
            "over": self._go_over,
            "owing": self._owe,
            "carrying": self._carry,
            "turning": self._turn,
            "collecting": self._collect,
            "asleep": self._fall_asleep,
        }
        if first:
            _FOUND[world.ids["business"]] = first | self._later()
        self.targets = dict(_FOUND[world.ids["business"]])
        self._before = dict[str, str]()

    def _later(self) -> dict[str, Target]:
        """The forms that show in later states only."""
        found: dict[str, Target] = {}
        for state, come in self._states.items():
            with rows.undone():
                edge.write(come)
                found |= later_targets(self.app, self.world, self.cookies, state)
        return found

    @contextmanager
    def beginning(self, rule: str) -> Iterator[None]:
        """The state in which this form is taken; taken back at the end."""
        with rows.undone():
            for state, come in self._states.items():
                if rule in LATER[state]:
                    edge.write(come)
            if rule in SETTLED:
                edge.write(self._settle)
            self._before = rows.digests()
            yield

    def _run(self) -> None:
        session = get_session(self.world.ids["session"])
        assert apply_payment(session, shop.evidence_for(session), edge.now()) == "paid"

    def _go_over(self) -> None:
        self._run()
        given: dict[str, Any] = {"is_listed": True, "product_limit": 0, "tier_code": "pro", "now": edge.now()}
        visibility.set_entitlement(self.world.business.id, **given)

    def _owe(self) -> None:
        """The next month is invoiced, under a public id that is the same each time."""
        self._run()
        period = newest_period(get_session(self.world.ids["session"]).subscription_id)
        assert period is not None
        renewals.renew_chunk(period.ends_at)
        db.execute(text("SET LOCAL session_replication_role = replica"))
        db.execute(text("UPDATE invoices SET public_id = :owed WHERE status = 'open'"), {"owed": _OWED})

    def _carry(self) -> None:
        self._run()
        carried_account.lend(shop.make_customer(self.world.business).id, Money(12, "GBP"), ids.new_id(), edge.now())

    def _turn(self) -> None:
        self._run()
        at_period_end.cancel(shop.make_customer(self.world.business), edge.now())

    def _collect(self) -> None:
        self._run()
        customer, business = shop.make_customer(self.world.business), self.world.business
        for branch in branches.list_live(business.id)[1:]:
            branch_batches.remove(customer, branch, edge.now())

    def _fall_asleep(self) -> None:
        self._run()
        customer = shop.make_customer(self.world.business)
        quote = checkout.quote_hibernation(customer, None, shop.METHOD, edge.now())
        checkout.start_payment(customer, quote, shop.METHOD, edge.now())

    def _settle(self) -> None:
        sessions.cancel(self.world.ids["session"], edge.now())
        running = product_import.get(self.world.business.id, self.world.ids["product_import_id"])
        product_import.cancel(running, edge.now())

    def complaints(self, target: Target, **how: Any) -> tuple[int, list[str]]:
        """Send a form with ``how`` changed; return the status and whatever is wrong with what came of it."""
        with rows.undone():
            client = client_of(self.app, self.cookies[target.caller])
            answer = target.send(client, **how) if "raw" not in how else client.post(target.address, **how["raw"])
            found = traces(answer)
            if answer.status_code >= 500:
                found.append(f"{answer.status_code}")
            if answer.status_code >= 400:
                found += sorted(rows.changed(self._before) - BOOKKEEPING.get(target.rule, set()))
            else:
                pages = [page for page in (answer.location, target.page) if page]
                found += [trace for page in pages for trace in traces(client.get(page))]
        return answer.status_code, found


@pytest.fixture
def field(app: Flask, whole_world: World, cookies: dict[str, str]) -> Field:
    """All forms there are."""
    return Field(app, whole_world, cookies)
