"""Several tellers and several payers of the same thing at once: one effect, whoever comes first."""

from collections.abc import Callable
from datetime import UTC, timedelta
from typing import Any

from sqlalchemy.exc import IntegrityError

from portal.billing import checkout
from portal.billing.apply_payment import apply_payment
from portal.billing.events import PAYMENT_APPLIED
from portal.kit import clock, edge
from portal.payments import attempts, inbox, sessions
from portal.payments.errors import AttemptUnresolved
from portal.payments.models import PaymentSession
from portal.payments.providers.base import Notification, PaymentEvidence
from portal.payments.queries import attempt_of, get_session
from portal.payments.sessions import Collection, UnderWay
from tests.support import shop
from tests.support.races import Race, count, dropped, rewritten, unlocked

Prove = Callable[[Race[Any]], list[object]]
Saw = Callable[[str], None]
LOCKS = (
    unlocked("subscriptions", "invoices", "payment_sessions", "payment_attempts"),
    rewritten(r" AND \w+\.status = %\(was\)s::VARCHAR", ""),  # by which a move sees that somebody else moved it
)
ONE_PERIOD = dropped(
    "ALTER TABLE subscription_periods DROP CONSTRAINT subscription_periods_subscription_id_number_key, "
    "DROP CONSTRAINT subscription_periods_subscription_id_starts_on_key, "
    "DROP CONSTRAINT subscription_periods_subscription_id_tstzrange_excl"
)
ONE_TRANSACTION = dropped(
    "ALTER TABLE payment_attempts DROP CONSTRAINT payment_attempts_provider_provider_transaction_id_key"
)
IMMUTABLE = dropped("DROP TRIGGER invoices_immutable ON invoices")


def a_session(email: str = "ann@shop.example", name: str = "Lantern Coffee") -> PaymentSession:
    """A session that waits for its money."""
    customer = shop.make_customer(shop.make_business(shop.make_owner(email), name))
    return shop.open_session(customer, shop.make_quote(customer))


def told(session: PaymentSession, **said: Any) -> Callable[[], str]:
    """Somebody tells that the session was paid."""
    return lambda: apply_payment(get_session(session.public_id), shop.evidence_for(session, **said), edge.now())


def test_b3_everybody_who_tells_of_one_payment_at_once(prove: Prove, saw: Saw) -> None:
    race = Race(
        prepare=a_session,
        works=lambda session: [told(session)] * 8,
        act="INSERT INTO ledger_postings",
        guards=[*LOCKS, ONE_PERIOD, IMMUTABLE],
        holds=lambda _, outcomes: (
            sorted(map(str, outcomes)) == ["duplicate"] * 7 + ["paid"]
            and count(f"domain_events WHERE name = '{PAYMENT_APPLIED}'") == 1
            and count("ledger_postings WHERE recipe = 'payment_received'") == 1
        ),
    )
    outcomes = prove(race)
    saw(f"8 tellers: {outcomes.count('paid')} × paid, {outcomes.count('duplicate')} × known; one posting, one event")


def test_b17_one_provider_transaction_for_two_sessions(prove: Prove, saw: Saw) -> None:
    def holds(both: list[PaymentSession], outcomes: list[object]) -> bool:
        again = [edge.write(told(session, transaction_id="T1")) for session in both]
        return sorted(again) == ["duplicate", "taken"] and outcomes.count("paid") == 1

    race = Race(
        prepare=lambda: [a_session(f"{name}@shop.example", name) for name in ("ann", "bob")],
        works=lambda both: [told(session, transaction_id="T1") for session in both],
        act="UPDATE payment_attempts",
        guards=[ONE_TRANSACTION],
        holds=holds,
        refusals=(IntegrityError,),  # the second job is told so, and finds it taken when it is tried again
    )
    prove(race)
    saw("two sessions, one transaction: one paid, the other refused by the database and then set aside as taken")


def test_c3_expiry_races_the_money(prove: Prove, saw: Saw) -> None:
    def expire(session: PaymentSession) -> None:
        locked, attempt = attempts.lock_with_session(attempt_of(session.id).id)
        if sessions.is_overdue(locked, edge.now()):
            sessions.end(locked, attempt, "expired", edge.now())

    def prepare() -> PaymentSession:
        session = a_session()
        clock.advance(timedelta(minutes=61))
        return session

    race = Race(
        prepare=prepare,
        works=lambda session: [told(session, paid_at=clock.wall().astimezone(UTC)), lambda: expire(session)],
        act="UPDATE payment_(sessions|attempts)",
        guards=[*LOCKS, dropped(_no_checks("payment_attempts"))],
        holds=lambda session, _: edge.write(lambda: get_session(session.public_id)).status == "paid",
    )
    prove(race)
    saw("the session is paid, whoever of both comes first")


def _no_checks(table: str) -> str:
    """SQL that drops every check of a table."""
    return (
        "DO $$ DECLARE found text; BEGIN FOR found IN SELECT conname FROM pg_constraint "  # noqa: S608 - ours
        f"WHERE conrelid = '{table}'::regclass AND contype = 'c' LOOP "
        f"EXECUTE format('ALTER TABLE {table} DROP CONSTRAINT %I', found); END LOOP; END $$"
    )


def test_two_tabs_confirm_one_quote(prove: Prove, saw: Saw) -> None:
    def prepare() -> tuple[Any, Any]:
        customer = shop.make_customer(shop.make_business(shop.make_owner()))
        return customer, shop.make_quote(customer)

    race = Race(
        prepare=prepare,
        works=lambda made: [lambda: shop.open_session(*made).public_id] * 8,
        act="INSERT INTO invoices",
        guards=[*LOCKS, dropped("DROP INDEX invoices_one_draft_idx")],
        holds=lambda _, outcomes: len(set(outcomes)) == 1 and count("payment_sessions") == count("invoices") == 1,
    )
    outcomes = prove(race)
    saw(f"8 confirmations: {len(set(outcomes))} session")


def test_an_invoice_has_one_live_attempt(prove: Prove, saw: Saw) -> None:
    def again(first: PaymentSession) -> Collection:
        return Collection(
            first.customer_id, first.invoice_id, first.subscription_id, first.subscription_version,
            "subscription_start", first.owed, first.owed, first.arrears, first.asked, first.rate, first.rate_on,
            first.quoted_on,
        )  # fmt: skip

    def prepare() -> PaymentSession:
        first = a_session()
        sessions.cancel(first.public_id, edge.now())
        return first

    race = Race(
        prepare=prepare,
        works=lambda first: [lambda: sessions.open_session(again(first), shop.METHOD, edge.now())] * 8,
        act="INSERT INTO payment_attempts",
        guards=[dropped("DROP INDEX payment_attempts_one_live_idx")],
        holds=lambda _, outcomes: (
            sum(isinstance(outcome, AttemptUnresolved) for outcome in outcomes) == 7
            and count("payment_attempts WHERE status = 'created'") == 1
        ),
    )
    outcomes = prove(race)
    saw(f"8 sessions for one invoice: {sum(isinstance(o, UnderWay) for o in outcomes)} opened, the rest 409")


def test_b1_one_notification_arrives_many_times_at_once(prove: Prove, saw: Saw) -> None:
    def prepare() -> Notification:
        evidence: PaymentEvidence = shop.evidence_for(a_session())
        return Notification("EV-1", "TRANSACTION.SUCCESS", evidence.order_number, evidence)

    race = Race(
        prepare=prepare,
        works=lambda message: [lambda: inbox.receive(shop.METHOD, message, edge.at_once)] * 20,
        act="INSERT INTO payment_events",
        guards=[dropped("ALTER TABLE payment_events DROP CONSTRAINT payment_events_provider_event_id_key")],
        holds=lambda _, outcomes: (
            sorted(map(str, outcomes)) == ["known"] * 19 + ["stored"]
            and count(f"staged_jobs WHERE name = '{inbox.APPLY_EVENT}'") == 1
        ),
    )
    outcomes = prove(race)
    saw(f"20 at once: {outcomes.count('stored')} stored, {outcomes.count('known')} known, one job")


def test_a_draft_lapses_or_is_paid_and_never_both(prove: Prove) -> None:
    race = Race(
        prepare=a_session,
        works=lambda session: [told(session), lambda: lapse(session)],
        act="UPDATE invoices",
        guards=[*LOCKS, IMMUTABLE, dropped(_no_checks("invoices"))],
        holds=lambda session, _: (
            count("invoices WHERE status = 'paid'") == count("invoices WHERE number IS NOT NULL")
            and count("invoices WHERE status = 'void' AND number IS NOT NULL") == 0
        ),
    )
    prove(race)


def lapse(session: PaymentSession) -> None:
    """The draft's time is over, as if nobody watched for its money any more."""
    checkout.lapse_draft(session.invoice_id, session.subscription_id, session.watch_until + timedelta(seconds=1))
