"""The oracle: whatever was tried, once all is quiet everything that must hold holds. It lists all that does not.

It needs a database's address and a sandbox, no running product in this process and no test framework: stories, the
crash sweep, the simulation and the soak all ask the same one.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field

from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.orm import Session

from portal.insights import invariants, whole_check
from portal.insights.invariants import Violation
from portal.insights.whole_check import Place
from portal.kit.db import db
from portal.ledger import balances
from tests.support.sandbox import Sandbox
from tests.support.visitor import Journal

_PAUSE = 0.5
_LOOKS = 5
_ALL = 1000
UNQUIET = {
    "no_job_is_due": "SELECT name || ':' || id, 'due at ' || due_at FROM staged_jobs "
    "WHERE state = 'pending' AND due_at <= business_now()",
    "no_job_is_leased": "SELECT name || ':' || id, 'until ' || leased_until FROM staged_jobs WHERE state = 'leased'",
    "no_job_failed": "SELECT name || ':' || id, state || ': ' || last_error FROM staged_jobs "
    "WHERE state <> 'done' AND last_error IS NOT NULL",
    "no_attempt_is_stuck": "SELECT order_number, status FROM payment_attempts WHERE status IN ('created', 'submitted')",
    "attempt_has_its_next_ask": "SELECT t.order_number, t.status FROM payment_attempts t "
    "JOIN payment_sessions s ON s.id = t.session_id "
    "WHERE t.status IN ('unknown', 'pending', 'closing') AND s.status <> 'review' AND NOT EXISTS ("
    "SELECT FROM staged_jobs j WHERE j.state = 'pending' AND j.args ->> 'attempt_id' = t.id::text "
    "AND j.name IN ('payments.request_charge', 'payments.look', 'payments.close'))",
    "method_has_its_next_ask": "SELECT public_id, status FROM payment_methods m "
    "WHERE status IN ('created', 'open', 'removing') AND NOT EXISTS (SELECT FROM staged_jobs j "
    "WHERE j.state = 'pending' AND j.args ->> 'method_id' = m.id::text)",
    "no_event_is_left": "SELECT provider || ':' || event_id, 'received at ' || received_at "
    "FROM payment_events WHERE status = 'received'",
    "event_is_fanned_out": "SELECT name || ':' || id, subject FROM domain_events e WHERE NOT EXISTS ("
    "SELECT FROM staged_jobs j WHERE j.name = 'outbox.fan_out' AND j.state = 'done' "
    "AND j.args ->> 'event_id' = e.id::text)",
    "mail_has_left": "SELECT template || ':' || id, 'queued at ' || created_at FROM emails WHERE status = 'queued'",
}
"""What is still on its way, or should be: nothing, once the sweepers have nothing left to do."""
_EVENTS = text("SELECT event_id FROM payment_events WHERE event_id = ANY (:ids)")


@dataclass(frozen=True)
class Oracle:
    """What is asked at the end of everything that moves money.

    Without ``settle``, which runs whatever is due, processes beside this one are given ``seconds`` to come to rest.
    """

    database_url: str
    sandbox: Sandbox
    journal: Journal = field(default_factory=Journal)
    settle: Callable[[], object] | None = None
    seconds: float = 60

    def ask(self) -> None:
        """Run to quiet, then raise one AssertionError that lists everything that is wrong."""
        wrong = self._wait() if self.settle is None else self._settled(self.settle)
        assert not wrong, "the oracle complains:\n" + "\n".join(f"  {c.rule}: {c.subject}: {c.detail}" for c in wrong)

    def complaints(self) -> list[Violation]:
        """Return everything that is wrong at this moment."""
        with self.looking():
            return [*self.found(), *self.journal.lost()]

    def looking(self) -> AbstractContextManager[None]:
        """Look into the database with one still picture of it, for ``found``."""
        return _looking_into(self.database_url)

    def found(self) -> list[Violation]:
        """Return what is wrong in the picture that is looked at, beside the sandbox's books."""
        found = [*_unquiet(), *invariants.violations(_ALL), *_broken_chain()]
        found += _other_money(self.sandbox.book())
        return [*found, *_lost_notices(self.sandbox.acknowledged())]

    def unquiet(self) -> list[Violation]:
        """Return what is still on its way."""
        with self.looking():
            return list(_unquiet())

    def _settled(self, settle: Callable[[], object]) -> list[Violation]:
        """Run what is due and look, again where just then the next look of a poll came due, as it may any time."""
        wrong: list[Violation] = []
        for _ in range(_LOOKS):
            settle()
            wrong = self.complaints()
            if {complaint.rule for complaint in wrong} != {"no_job_is_due"}:
                break
        return wrong

    def _wait(self) -> list[Violation]:
        """Look until nothing is wrong; one such moment is enough, since the next look of a poll comes due any time."""
        deadline = time.monotonic() + self.seconds
        wrong = self.complaints()
        while wrong and time.monotonic() < deadline:
            time.sleep(_PAUSE)
            wrong = self.unquiet() or self.complaints()
        return wrong


@contextmanager
def _looking_into(database_url: str) -> Iterator[None]:
    """Let the product's own questions read one still picture of a database, beside whatever this thread has open."""
    engine = create_engine(
        database_url.replace("postgresql://", "postgresql+psycopg://", 1),
        poolclass=NullPool,
        isolation_level="REPEATABLE READ",
        connect_args={"application_name": "oracle"},
    )
    outer = db.registry.registry.value if db.registry.has() else None
    with engine.connect() as connection, Session(connection) as session:
        db.registry.set(session)
        try:
            yield
        finally:
            db.registry.clear()
            if outer is not None:
                db.registry.set(outer)


def _unquiet() -> Iterator[Violation]:
    for rule, question in UNQUIET.items():
        for subject, detail in db.execute(text(question)):
            yield Violation(rule, subject, detail)


def _broken_chain() -> Iterator[Violation]:
    """Go along the audit log's chain of hashes, slice by slice as the daily check does."""
    place: Place | None = Place(whole_check.AUDIT)
    while place is not None:
        found, place = whole_check.ask(place)
        yield from found


def _other_money(book: dict[str, dict[str, object]]) -> Iterator[Violation]:
    """Compare what each provider says it holds for us with what our clearing accounts say, by currency."""
    ours = {(line.code, line.currency): line.amount for line in balances.trial_balance() if "clearing:" in line.code}
    theirs: Counter[tuple[str, str]] = Counter()
    for provider, kept in book.items():
        for payment in _listed(kept["payments"]):
            theirs[f"clearing:{provider}", payment["currency"]] += payment["amount"]
    for code, currency in sorted(ours.keys() | theirs.keys()):
        mine, said = ours.get((code, currency), 0), theirs[code, currency]
        if mine != said:
            yield Violation("provider_book_is_ours", f"{code} {currency}", f"theirs {said}, ours {mine}")


def _listed(payments: object) -> Sequence[dict[str, object]]:
    assert isinstance(payments, list)
    return payments


def _lost_notices(taken: Iterable[str]) -> Iterator[Violation]:
    known = set(db.scalars(_EVENTS, {"ids": list(taken)}))
    for event_id in taken:
        if event_id not in known:
            yield Violation("notice_is_findable", event_id, "answered with success, and not stored")
