"""Everything that people are told, one entry each: which event causes it, who may read it and where it leads.

A new kind is an entry here and its words in ``templates/notices``; both the pages and the mails are made of these.
An entry stays as long as somebody may have been told so.
"""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from portal.billing.at_period_end import CHOSEN, TAKEN_BACK, TURNED
from portal.billing.batch_settling import WAITS as BRANCHES_WAIT
from portal.billing.batch_settling import WITHDRAWN
from portal.billing.branch_batches import PROPOSED, SETTLED
from portal.billing.changes import CHANGED
from portal.billing.dunning import OVERDUE
from portal.billing.events import PAYMENT_APPLIED, PRODUCT_LIMIT_PASSED
from portal.billing.hibernation import HIBERNATED, WOKEN
from portal.billing.issuing import INVOICED
from portal.billing.open_invoices import INVOICE_SETTLED
from portal.billing.renewals import ANNOUNCED
from portal.billing.subscriptions import ENDED, STARTED
from portal.billing.suspension import SUSPENDED
from portal.billing.tier_fits import SMALLER_TIER_FITS
from portal.billing.wake_days import WAITS
from portal.identity.team import JOINED
from portal.kit.outbox import DomainEvent
from portal.notifications import facts
from portal.notifications.facts import Facts, Gather


class Category(StrEnum):
    """What a kind belongs to; people choose by it what comes by mail, too (``preferences.py``)."""

    MONEY = "money"
    """Money that moved or failed to: always mailed, whoever wants what."""
    PLAN = "plan"
    PRODUCTS = "products"
    BRANCHES = "branches"
    TEAM = "team"


_PAYMENT = "/businesses/{business}/history/payments/{transaction}"
_PLAN = "/businesses/{business}/plan"
_NEXT_PERIOD = "/businesses/{business}/plan/next"
_INVOICE = "/businesses/{business}/history/invoices/{invoice}"
_BRANCHES = "/businesses/{business}/branches"
_TOLD_BY_WHAT_THEY_BRING = frozenset(
    {"subscription_start", "subscription_change", "hibernation", "waking", "branch_batch"}
)
"""Kinds of invoices whose payment is not told for itself, as what it brings about is: one event, one mail."""


_OVERAGE = facts.to_be_paid("count", "limit", "grows", "ends_on", "tier", "today", "amount", "currency")


def _is_step(step: str) -> Callable[[Facts], bool]:
    return lambda given: bool(given["step"] == step)


def _became(outcome: str) -> Callable[[Facts], bool]:
    return lambda given: bool(given["outcome"] == outcome)


def _paid_what_is_not_told_else(given: Facts) -> bool:
    """Events from before ``invoice_kind`` was noted have none; their payments are told."""
    return given["outcome"] in ("paid", "paid_late") and given.get("invoice_kind") not in _TOLD_BY_WHAT_THEY_BRING


def _waits_to_be_paid(given: Facts) -> bool:
    """What is pulled tells its own end."""
    return not given["is_settled"] and not given["has_method"]


@dataclass(frozen=True, slots=True)
class Kind:
    """One thing that people are told."""

    name: str
    """Also the name of its words under ``templates/notices``."""
    event: str
    gather: Gather
    """Makes what is told of the event; ``business``, ``business_name`` and ``slug`` are added to it."""
    path: str
    """The page of what it is about, which is there for good; facts stand in braces."""
    category: Category = Category.MONEY
    is_told: Callable[[Facts], bool] = lambda given: True
    """Judges by the event's own facts whether it is of this kind."""
    right: str = "billing:view"
    """What members of the business's team may read it."""


def _of_overage(name: str, step: str, category: Category) -> Kind:
    """Return what is told of a step of a grace; where its end may cost something, that is mailed to everybody."""
    return Kind(name, PRODUCT_LIMIT_PASSED, _OVERAGE, "/businesses/{business}/plan", category, _is_step(step))


KINDS = (
    Kind("subscription_started", STARTED, facts.of_start, _INVOICE),
    Kind("subscription_changed", CHANGED, facts.of_change, _PLAN),
    Kind(
        "renewal_announced",
        ANNOUNCED,
        facts.to_be_paid("starts_on", "is_pulled", "amount", "currency", "lines"),
        _NEXT_PERIOD,
    ),
    Kind("renewal_due", INVOICED, facts.of_renewal, _INVOICE, is_told=_waits_to_be_paid),
    Kind("renewal_paid", INVOICED, facts.of_renewal, _INVOICE, is_told=lambda given: bool(given["is_settled"])),
    Kind(
        "invoice_settled",
        INVOICE_SETTLED,
        facts.taken("invoice", "number", "amount", "currency", "is_carried"),
        _INVOICE,
    ),
    Kind("branches_settled", SETTLED, facts.of_change, _BRANCHES),
    Kind(
        "branches_wait",
        BRANCHES_WAIT,
        facts.taken("branches"),
        _BRANCHES,
        category=Category.BRANCHES,
        right="billing:pay",
    ),
    Kind("branch_withdrawn", WITHDRAWN, facts.taken("branch"), _BRANCHES, category=Category.BRANCHES),
    Kind(
        "branch_proposed",
        PROPOSED,
        facts.taken("branch"),
        _BRANCHES,
        category=Category.BRANCHES,
        right="billing:pay",
    ),
    Kind("hibernated", HIBERNATED, facts.of_hibernation, "/businesses/{business}/hibernation"),
    Kind("woken", WOKEN, facts.of_change, _PLAN),
    Kind(
        "waking_waits",
        WAITS,
        facts.taken("tier", "wakes_on"),
        "/businesses/{business}/hibernation",
        right="billing:pay",
    ),
    Kind("turn_chosen", CHOSEN, facts.of_turn, _NEXT_PERIOD),
    Kind("turn_taken_back", TAKEN_BACK, facts.taken("tier", "turns_on"), _NEXT_PERIOD),
    Kind("turned", TURNED, facts.taken("tier", "turns_on"), _PLAN),
    Kind("subscription_ended", ENDED, facts.taken(), _PLAN),
    Kind(
        "payment_overdue",
        OVERDUE,
        facts.to_be_paid("reason", "invoice", "number", "amount", "currency", "tried_on", "hidden_on"),
        _INVOICE,
    ),
    Kind("suspended", SUSPENDED, facts.of_suspension, _PLAN),
    Kind("payment_received", PAYMENT_APPLIED, facts.of_payment, _PAYMENT, is_told=_paid_what_is_not_told_else),
    Kind("prepaid", PAYMENT_APPLIED, facts.of_payment, _PAYMENT, is_told=_became("prepaid")),
    Kind("payment_credited", PAYMENT_APPLIED, facts.of_payment, _PAYMENT, is_told=_became("credited")),
    Kind("payment_held", PAYMENT_APPLIED, facts.of_payment, _PAYMENT, is_told=_became("held")),
    Kind("payment_in_review", PAYMENT_APPLIED, facts.of_payment, _PAYMENT, is_told=_became("review")),
    _of_overage("overage_started", "started", Category.PRODUCTS),
    _of_overage("overage_soon", "soon", Category.MONEY),
    _of_overage("overage_hidden", "hidden", Category.PRODUCTS),
    Kind(
        "smaller_tier_fits",
        SMALLER_TIER_FITS,
        facts.taken("count", "tier", "amount", "held_tier", "held_amount", "currency"),
        "/businesses/{business}/plan",
        category=Category.PLAN,
    ),
    Kind(
        "team_joined",
        JOINED,
        facts.taken("member_name", "role"),
        "/businesses/{business}/team",
        category=Category.TEAM,
        right="team:manage",
    ),
)
OPTIONAL = tuple(category for category in Category if category in {kind.category for kind in KINDS} - {Category.MONEY})
"""The categories that something is told of and whose mails may be turned off, in the order in which people choose."""
_BY_NAME = {kind.name: kind for kind in KINDS}


def find_kind(event: DomainEvent) -> Kind | None:
    """Return what an event is told as, if it is told at all; the first entry that it fits."""
    fitting = (kind for kind in KINDS if kind.event == event.name and kind.is_told(event.facts))
    return next(fitting, None)


def category_of(name: str) -> Category:
    """Return the category of a kind."""
    return _BY_NAME[name].category


def path_of(name: str, given: dict[str, Any]) -> str:
    """Return the page that a notice of this kind leads to."""
    return _BY_NAME[name].path.format(**given)
