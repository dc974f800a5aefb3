"""Several workers at the same subscriptions, and money that comes while one renews: each period is invoiced once."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from sqlalchemy import text

from portal.billing import checkout, queries, renewals
from portal.billing.apply_payment import apply_payment
from portal.currency import rates
from portal.invoicing.models import Customer
from portal.kit import clock, edge
from portal.kit.db import db
from portal.payments.models import PaymentSession
from portal.payments.queries import get_session
from tests.support import shop
from tests.support.races import Race, count, dropped, rewritten, unlocked
from tests.support.world import PER_EURO

Prove = Callable[[Race[Any]], list[object]]
Saw = Callable[[str], None]
RENEWED = f"invoices WHERE kind = '{renewals.KIND}'"
PASSED_OVER = rewritten(r" FOR UPDATE SKIP LOCKED", "")
ONE_PERIOD = dropped(
    "ALTER TABLE subscription_periods DROP CONSTRAINT subscription_periods_subscription_id_number_key, "
    "DROP CONSTRAINT subscription_periods_subscription_id_starts_on_key, "
    "DROP CONSTRAINT subscription_periods_subscription_id_tstzrange_excl"
)
ONE_RENEWAL = dropped("DROP INDEX invoices_one_renewal_idx")
_MONTHS = text(
    "SELECT string_agg(period_starts_on::text, ' ' ORDER BY number) FROM invoices "
    "WHERE number IS NOT NULL GROUP BY subscription_id"
)
_STARTS_IN_ORDER = text("SELECT starts_on::text FROM subscription_periods ORDER BY starts_on")
_AFTER_THE_CHANGE = text(
    "SELECT l.code FROM invoices i JOIN invoice_lines l ON l.invoice_id = i.id WHERE i.kind = :renewal "
    "AND i.number > (SELECT number FROM invoices WHERE kind = 'subscription_change')"
)


def start(number: int = 0) -> Customer:
    """One more shop, which has just paid for its first month of Starter."""
    owner = shop.make_owner(f"ann{number}@shop.example")
    customer = shop.make_customer(shop.make_business(owner, f"Shop {number}"))
    pay(shop.open_session(customer, shop.make_quote(customer, "starter")))
    return customer


def pay(session: PaymentSession) -> str:
    """Somebody tells that the session was paid."""
    return apply_payment(get_session(session.public_id), shop.evidence_for(session), edge.now())


def wait(days: int) -> None:
    """Let time go by in which nobody works."""
    clock.advance(timedelta(days=days))
    rates.store({edge.now().date(): PER_EURO}, "test", edge.now())


def renew(limit: int) -> int:
    return renewals.renew_chunk(edge.now(), limit)


def test_a8_workers_renew_the_same_subscriptions_at_once(prove: Prove, saw: Saw) -> None:
    def prepare() -> None:
        for number in range(6):
            start(number)
        wait(31)  # with no period of any month missed twice

    race = Race(
        prepare=prepare,
        works=lambda _: [lambda: renew(2)] * 4,
        act="INSERT INTO invoices",
        guards=[PASSED_OVER, ONE_PERIOD, ONE_RENEWAL],
        holds=lambda _, outcomes: (
            sorted(map(str, outcomes)) == ["0", "2", "2", "2"]
            and count(RENEWED) == count("subscription_periods WHERE number = 1") == 6
            and count("invoices WHERE number IS NULL") == 0
        ),
    )
    outcomes = prove(race)
    saw(f"4 workers, 6 subscriptions: {sorted(map(str, outcomes), reverse=True)} renewed, each once, no number missing")


def test_d2_a_backlog_is_billed_period_by_period_however_many_work_at_it(prove: Prove, saw: Saw) -> None:
    def holds(_: object, outcomes: list[object]) -> bool:
        again = [edge.write(lambda: renew(10)) for _ in range(3)]
        periods = edge.write(lambda: list(db.scalars(_STARTS_IN_ORDER)))
        return (
            sorted(map(str, outcomes)) == ["0", "0", "0", "1"]
            and again == [1, 1, 0]
            and len(periods) == 4
            and edge.write(lambda: db.execute(_MONTHS).scalar_one()) == " ".join(periods)
        )

    def prepare() -> None:
        start()
        wait(93)

    race = Race(
        prepare=prepare,
        works=lambda _: [lambda: renew(10)] * 4,
        act="INSERT INTO invoices",
        guards=[PASSED_OVER, ONE_PERIOD, ONE_RENEWAL],
        holds=holds,
    )
    prove(race)
    saw("three periods missed, 4 workers: one invoice each period, one after the other, in order")


def test_an_upgrade_is_paid_while_its_subscription_is_renewed(prove: Prove, saw: Saw) -> None:
    def prepare() -> PaymentSession:
        customer = start()
        due_at = queries.find_live(customer.id).renews_at  # type: ignore[union-attr]
        wait((due_at - edge.now()).days + 5)  # two days before the next period
        return shop.open_session(customer, checkout.quote_tier(customer, "pro", shop.METHOD, edge.now()))

    def holds(_: object, outcomes: list[object]) -> bool:
        edge.write(lambda: renew(10))
        after = edge.write(lambda: set(db.scalars(_AFTER_THE_CHANGE, {"renewal": renewals.KIND})))
        stands = count(f"{RENEWED} AND credited_amount < total_amount")
        return outcomes[0] == "paid" and after <= {"pro"} and stands == 1

    race = Race(
        prepare=prepare,
        works=lambda session: [lambda: pay(session), lambda: renew(10)],
        act="INSERT INTO ledger_postings|INSERT INTO invoices",
        guards=[PASSED_OVER, unlocked("subscriptions")],
        holds=holds,
    )
    prove(race)
    saw("an upgrade paid while its subscription is renewed: what is invoiced after it bears the new tier")
