"""Two who collect the same invoice without its holder at the same moment: one charge, whoever comes first."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select

from portal.billing import automatic, renewals
from portal.billing.apply_payment import apply_payment
from portal.currency import rates
from portal.invoicing.models import Invoice
from portal.kit import clock, edge
from portal.kit.db import db
from portal.payments.errors import AttemptUnresolved
from tests.support import shop
from tests.support.everything import store_card
from tests.support.races import Race, count, dropped, unlocked
from tests.support.world import PER_EURO

START = datetime(2027, 1, 31, 12, tzinfo=UTC)
ONE_LIVE = dropped("DROP INDEX payment_attempts_one_live_idx")


def an_open_invoice() -> UUID:
    """A renewal that is due, and the card that pays it."""
    until(START)
    customer = shop.make_customer(shop.make_business(shop.make_owner()))
    session = shop.open_session(customer, shop.make_quote(customer))
    assert apply_payment(session, shop.evidence_for(session), edge.now()) == "paid"
    store_card(customer)
    until(START + timedelta(days=28))
    shop.renew_all()
    return db.scalars(select(Invoice.id).where(Invoice.kind == renewals.KIND)).one()


def until(instant: datetime) -> None:
    clock.advance(instant - edge.now())
    rates.store({instant.date(): PER_EURO}, "test", edge.now())


def test_a8_two_workers_collect_the_same_invoice(
    prove: Callable[[Race[Any]], list[object]], saw: Callable[[str], None]
) -> None:
    def charge(invoice_id: UUID) -> Callable[[], str]:
        return lambda: automatic.charge_invoice(invoice_id, edge.now())

    race = Race(
        prepare=an_open_invoice,
        works=lambda invoice_id: [charge(invoice_id)] * 4,
        act="INSERT INTO payment_sessions",
        guards=[unlocked("subscriptions", "invoices"), ONE_LIVE],
        holds=lambda _, outcomes: outcomes.count("charging") == 1 and count("payment_sessions WHERE is_automatic") == 1,
        refusals=(AttemptUnresolved,),
    )
    outcomes = prove(race)
    saw(f"4 workers at one invoice: {outcomes.count('charging')} charge, {outcomes.count('busy')} found it busy")
