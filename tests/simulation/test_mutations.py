"""The simulation can fail: each fault put into the product on purpose is found within few lives."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis.errors import Flaky

from portal.billing import apply_payment
from portal.invoicing import credit_notes
from portal.kit import leases
from portal.ledger import recipes
from portal.payments import charges, confirmation, sessions
from portal.payments.confirmation import Verdict
from portal.payments.providers.base import Answer, Result
from tests.simulation.machine import Deaths, Drawn, Money, Trouble, live
from tests.simulation.months import mutations
from tests.simulation.stage import Stage
from tests.support import proving

pytestmark = pytest.mark.timeout(600)
LOTS, LIVES = 5, 40
"""Most are found within ten lives. A lot that begins badly is hardly better at its end, so another seed has its turn.
Each is looked for by the rules that lead to it, all of which ``machine.Life`` has as well."""
Patch = pytest.MonkeyPatch


def wrong_amounts_are_good(patch: Patch) -> None:
    judge = confirmation.judge
    patch.setattr(
        confirmation, "judge", lambda *given: Verdict.GOOD if judge(*given) is Verdict.MISMATCH else judge(*given)
    )


def money_is_posted_twice(patch: Patch) -> None:
    post = recipes.post

    def again(reference: str, recipe: str, moves: Any, now: Any) -> bool:
        post(f"{reference}:again", recipe, moves, now)
        return post(reference, recipe, moves, now)

    patch.setattr(recipes, "post", again)


def old_money_pays_what_was_chosen_since(patch: Patch) -> None:
    patch.setattr(apply_payment, "stands", lambda invoice, *_: invoice.status == "draft")


def what_was_paid_twice_is_credited(patch: Patch) -> None:
    patch.setattr(apply_payment, "_hold", apply_payment._credit)


def what_comes_back_is_forgotten(patch: Patch) -> None:
    patch.setattr(credit_notes, "issue", lambda *_: None)


def late_is_never(patch: Patch) -> None:
    patch.setattr(confirmation, "is_late", lambda *_: False)


def nothing_expires(patch: Patch) -> None:
    patch.setattr(sessions, "is_overdue", lambda *_: False)


def a_lost_answer_is_a_refusal(patch: Patch) -> None:
    record = charges.record_charge

    def hastily(attempt_id: Any, answer: Answer, now: Any) -> None:
        is_unclear = answer.result is Result.UNKNOWN
        record(attempt_id, replace(answer, result=Result.REFUSED) if is_unclear else answer, now)

    patch.setattr(charges, "record_charge", hastily)


def a_dead_workers_job_is_forgotten(patch: Patch) -> None:
    def done_at_once(queue: str, limit: int) -> Any:
        taken = lease(queue, limit)
        for job in taken:
            leases.finish(job.id)
        return taken

    lease = leases.lease
    patch.setattr(leases, "lease", done_at_once)
    patch.setattr(leases, "still_leased", lambda *_: True)
    patch.setattr(leases, "extend", lambda *_: True)


MUTATIONS: list[tuple[type[Drawn], Callable[[Patch], None]]] = [
    (Money, wrong_amounts_are_good),
    (Money, money_is_posted_twice),
    (Money, old_money_pays_what_was_chosen_since),
    (Money, what_was_paid_twice_is_credited),
    (Money, what_comes_back_is_forgotten),
    (Money, late_is_never),
    (Money, nothing_expires),
    (Trouble, a_lost_answer_is_a_refusal),
    (Deaths, a_dead_workers_job_is_forgotten),
    *mutations.MUTATIONS,
]


@pytest.mark.parametrize(("kind", "mutate"), proving.sample(MUTATIONS, 1, "mutations"))
def test_the_simulation_finds(
    lives: Stage, monkeypatch: Patch, kind: type[Drawn], mutate: Callable[[Patch], None]
) -> None:
    mutate(monkeypatch)
    with pytest.raises((AssertionError, Flaky)):
        _live_long(lives, kind)


def _live_long(lives: Stage, kind: type[Drawn]) -> None:
    for lot in range(LOTS):
        live(lives, LIVES, proving.seed() + lot, kind=kind, is_to_shrink=False)
