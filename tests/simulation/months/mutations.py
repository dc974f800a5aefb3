"""Mistakes that may be put into the product on purpose, each with the rules that lead to it within few lives."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from portal.billing import (
    advance,
    arrears,
    batch_settling,
    dunning,
    dunning_rules,
    hibernation,
    overage,
    prepayment,
    renewal_rules,
    renewals,
    suspension,
)
from portal.billing.pricing import terms_of
from portal.payments.providers.base import ChargeOutcome
from tests.simulation.months.machine import Begun, Branching, Changing, Dunned, Owing, Renewing, Stocked

Patch = pytest.MonkeyPatch


def months_are_invoiced_late(patch: Patch) -> None:
    patch.setattr(renewal_rules, "INVOICED_AHEAD", timedelta(days=1))


def credit_pays_no_month(patch: Patch) -> None:
    draw = renewals.draw

    def without_credit(look: Any, prices: Any, now: Any) -> Any:
        drawn = draw(look, prices, now)
        return replace(drawn, credit=drawn.credit * 0)

    patch.setattr(renewals, "draw", without_credit)


def one_is_reminded_late(patch: Patch) -> None:
    patch.setattr(dunning_rules, "_DAYS", (0, 1, 4, 7, 14))


def hidden_days_are_owed(patch: Patch) -> None:
    patch.setattr(suspension, "_credit_days_left", lambda *_: None)


def what_was_invoiced_ahead_stays(patch: Patch) -> None:
    patch.setattr(advance, "adjust", lambda *_: None)


def sleep_costs_as_much(patch: Patch) -> None:
    patch.setattr(hibernation, "terms_of", lambda _, tier, branches: terms_of("awake", tier, branches))


def months_ahead_are_those_of_now(patch: Patch) -> None:
    patch.setattr(prepayment, "terms_of", lambda _, tier, branches: terms_of("awake", tier, branches))


def a_closed_card_is_tried_again(patch: Patch) -> None:
    note = dunning.note_decline
    soft = ChargeOutcome.SOFT_DECLINE
    patch.setattr(dunning, "note_decline", lambda subscription, invoice, _, now: note(subscription, invoice, soft, now))


def a_day_below_the_limit_is_enough(patch: Patch) -> None:
    patch.setattr(overage, "CALM", timedelta(hours=24))


def who_comes_back_owes_nothing(patch: Patch) -> None:
    patch.setattr(arrears, "of_invoices", lambda _: [])


def nobody_withdraws_a_branch(patch: Patch) -> None:
    patch.setattr(batch_settling, "_PATIENCE", timedelta(days=70))


MUTATIONS: list[tuple[type[Begun], Callable[[Patch], None]]] = [
    (Renewing, months_are_invoiced_late),
    (Renewing, one_is_reminded_late),
    (Renewing, hidden_days_are_owed),
    (Changing, credit_pays_no_month),
    (Changing, what_was_invoiced_ahead_stays),
    (Changing, sleep_costs_as_much),
    (Changing, months_ahead_are_those_of_now),
    (Stocked, a_day_below_the_limit_is_enough),
    (Owing, who_comes_back_owes_nothing),
    (Branching, nobody_withdraws_a_branch),
    (Dunned, a_closed_card_is_tried_again),
]
