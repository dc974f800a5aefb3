"""The preview of coming charges: to the penny what then happens, as long as nothing else does."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from portal.billing import due, renewals
from portal.billing.preview import Preview
from portal.billing.rolling import Charge
from portal.currency import rates
from portal.invoicing.models import Customer, Invoice
from portal.invoicing.queries import lines_of
from portal.kit import clock, edge
from portal.kit.db import db as db_session
from tests.support import running, shop
from tests.support.everything import store_card
from tests.support.rows import changed, digests
from tests.support.world import PER_EURO

START = datetime(2027, 1, 31, 12, tzinfo=UTC)
AHEAD = timedelta(days=90)
Told = tuple[str, str, list[str], int, int, list[tuple[str, int, int]]]


@pytest.fixture(autouse=True)
def _started(db: None) -> None:
    _until(START)


def _until(instant: datetime) -> None:
    clock.advance(instant - edge.now())
    rates.store({instant.date(): PER_EURO}, "test", edge.now())


def _start(name: str, tier: str = "starter", branches: int = 0, **changes: str) -> Customer:
    """A shop that has paid for its first month."""
    business = shop.make_business(shop.make_owner(f"{name.split()[0].lower()}@shop.example"), name, **changes)
    for number in range(branches):
        shop.make_branch(business, f"Branch {number}")
    customer = shop.make_customer(business)
    assert running.paid(customer, shop.make_quote(customer, tier)) == "paid"
    return customer


def _credit(customer: Customer, amount: int) -> None:
    shop.give_credit(db_session.scalars(select(Invoice.id).where(Invoice.customer_id == customer.id)).one(), amount)


def _everybody() -> None:
    """By link, by card, by credit that lasts for a while, in another currency, in zones far apart, on three days."""
    _start("Lantern Coffee", branches=2)
    store_card(_start("Card House", "enterprise"))
    _credit(_start("Credit Corner", "pro"), 300)
    _credit(_start("Half Price", "pro", branches=1), 250)
    _start("Euro Books", "pro", branches=1, currency="EUR", country="DE", time_zone="Europe/Berlin")
    _until(START + timedelta(days=9))
    _start("Pacific Tea", time_zone="Pacific/Kiritimati")
    store_card(_start("Niue Music", "pro", time_zone="Pacific/Niue"))


def _foreseen(ahead: timedelta = AHEAD) -> list[Charge]:
    preview = Preview(edge.now(), edge.now() + ahead)
    return [charge for chunk in iter(preview.following, None) for charge in chunk]


def _told(charge: Charge) -> Told:
    assert charge.total is not None
    assert charge.credit is not None
    lines = [(line["code"], line["quantity"], line["amount"]) for line in charge.lines]
    span = [str(charge.period.starts_on), str(charge.period.ends_on)]
    return str(charge.due_on), charge.buyer, span, charge.total.amount, charge.credit.amount, lines


def _happened() -> Iterator[Told]:
    for invoice in db_session.scalars(select(Invoice).where(Invoice.kind == renewals.KIND)):
        lines = [(line.code, line.quantity, line.amount) for line in lines_of(invoice.id)]
        span = [str(invoice.period_starts_on), str(invoice.period_ends_on)]
        yield str(invoice.due_on), invoice.buyer["name"], span, invoice.total_amount, invoice.credit_amount, lines


def _live_until(end: datetime) -> None:
    while (earliest := due.earliest()) is not None and earliest <= end:
        _until(max(earliest, edge.now()))
        shop.renew_all()
    _until(end)


def test_what_is_foreseen_for_90_days_is_what_then_happens_to_the_penny() -> None:
    _everybody()
    end, foreseen = edge.now() + AHEAD, _foreseen()
    _live_until(end)
    happened = list(_happened())
    assert len(happened) > 15
    assert sorted(map(_told, foreseen)) == sorted(happened)


def test_what_was_missed_is_foreseen_for_today() -> None:
    _start("Lantern Coffee")
    _until(START + timedelta(days=93))
    foreseen = _foreseen(timedelta(days=1))
    assert [str(charge.due_on) for charge in foreseen] == ["2027-05-04"] * 3
    shop.renew_all()
    assert sorted(map(_told, foreseen)) == sorted(_happened())


def test_it_says_how_each_is_paid_and_credit_is_spent_once() -> None:
    _everybody()
    paid_by: dict[str, list[str]] = defaultdict(list)
    for charge in _foreseen():
        paid_by[charge.buyer].append(charge.paid_by)
    assert paid_by["Lantern Coffee"] == ["payment_link"] * 3
    assert paid_by["Card House"] == ["stored_card"] * 3
    assert paid_by["Credit Corner"] == ["credit", "payment_link", "payment_link"]


def test_what_has_no_price_is_listed_once_and_holds_nobody_up() -> None:
    _start("Euro Books", currency="EUR")
    _start("Lantern Coffee")
    clock.advance(timedelta(days=9))
    found = [(charge.buyer, charge.total is None, charge.paid_by) for charge in _foreseen(timedelta(days=25))]
    assert sorted(found) == [("Euro Books", True, "rates_stale"), ("Lantern Coffee", False, "payment_link")]


def test_nothing_is_left_behind() -> None:
    _everybody()
    edge.write(db_session.flush)
    before = digests()
    assert _foreseen()
    assert changed(before) == set()
