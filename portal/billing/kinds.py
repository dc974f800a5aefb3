"""The kinds of quotes: how each is made anew, how long it stands, and what carrying it out does, one entry each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from portal.billing import (
    branch_batches,
    changes,
    hibernation,
    prepayment,
    quote_carried,
    quote_start,
    quotes,
    subscriptions,
    tier_change,
)
from portal.billing.models import Quote, Subscription
from portal.billing.queries import Deal
from portal.directory import branches
from portal.invoicing.models import Customer

Terms = Mapping[str, Any]
Span = tuple[date, date]
CarryOut = Callable[[Subscription, Deal, UUID | None, date, datetime], Span]


@dataclass(frozen=True, slots=True)
class Kind:
    """What is particular to one kind of quote; whatever is not, ``checkout`` and ``fulfilment`` do alike for all."""

    renew: Callable[[Subscription, Customer, Terms, str, datetime], Quote]
    """Makes today's quote of what the terms of an earlier one were for; the text is the wallet's currency."""
    stands: Callable[[Subscription, Deal, datetime], bool]
    """Whether a locked subscription of the quote's version can still become what it says."""
    carry_out: CarryOut | None
    """Does what was agreed to, given the invoice (None where something comes back) and the first day of a start; None
    where nothing is sold, so that the money becomes credit and no invoice comes of it."""


def _start(subscription: Subscription, customer: Customer, _: Terms, settles_in: str, now: datetime) -> Quote:
    return quote_start.preview(subscription, customer, settles_in, now)


def _restoration(subscription: Subscription, customer: Customer, terms: Terms, settles_in: str, now: datetime) -> Quote:
    return quote_start.preview_restoration(subscription, customer, terms["tier"], settles_in, now)


def _carried(subscription: Subscription, customer: Customer, _: Terms, settles_in: str, now: datetime) -> Quote:
    return quote_carried.preview(subscription, customer, settles_in, now)


def _tier(subscription: Subscription, customer: Customer, terms: Terms, settles_in: str, now: datetime) -> Quote:
    return tier_change.preview(subscription, customer, terms["tier"], settles_in, now)


def _hibernation(subscription: Subscription, customer: Customer, terms: Terms, settles_in: str, now: datetime) -> Quote:
    day = terms["wakes_on"]
    return hibernation.preview(subscription, customer, date.fromisoformat(day) if day else None, settles_in, now)


def _waking(subscription: Subscription, customer: Customer, _: Terms, settles_in: str, now: datetime) -> Quote:
    return hibernation.preview_waking(subscription, customer, settles_in, now)


def _batch(subscription: Subscription, customer: Customer, terms: Terms, settles_in: str, now: datetime) -> Quote:
    has_none = not terms["branches"]
    return branch_batches.preview(subscription, customer, settles_in, now, is_leaving_only=has_none)


def _prepayment(subscription: Subscription, customer: Customer, terms: Terms, settles_in: str, now: datetime) -> Quote:
    return prepayment.preview(subscription, customer, terms["months"], settles_in, now)


def is_for_credit(kind: str) -> bool:
    """Whether what is paid by this name sells nothing itself: the money is meant to be credit, which then pays."""
    return kind in KINDS and KINDS[kind].carry_out is None


def carry_out(
    kind: str, subscription: Subscription, deal: Deal, invoice_id: UUID | None, starts_on: date, now: datetime
) -> Span:
    """Do what a quote of this kind sold, see ``Kind.carry_out``.

    :raises ValueError: it sold nothing.
    """
    does = KINDS[kind].carry_out
    if does is None:
        raise ValueError(f"{kind} sells nothing")
    return does(subscription, deal, invoice_id, starts_on, now)


def _in_the_period(carry_out: Callable[[Subscription, Deal, UUID | None, datetime], Span]) -> CarryOut:
    """Return what carries out a change, whose days begin on its quote's whatever day it is paid."""
    return lambda subscription, deal, invoice_id, _, now: carry_out(subscription, deal, invoice_id, now)


def _collecting_the_rest(carry_out: CarryOut) -> CarryOut:
    """Return what carries out a quote of branches, and has what was added since be settled with the next batch."""

    def carried_out(subscription: Subscription, deal: Deal, invoice_id: UUID | None, on: date, now: datetime) -> Span:
        span = carry_out(subscription, deal, invoice_id, on, now)
        if deal.buyer is not None and branches.list_unsettled(deal.buyer.id):
            branch_batches.collect(subscription, deal.time_zone, now)
        return span

    return carried_out


KINDS = {
    quotes.START: Kind(_start, lambda *_: True, _collecting_the_rest(subscriptions.start)),
    quotes.CHANGE: Kind(_tier, changes.can_still_be, _in_the_period(changes.carry_out)),
    quotes.HIBERNATION: Kind(_hibernation, changes.can_still_be, _in_the_period(hibernation.carry_out)),
    quotes.PREPAYMENT: Kind(_prepayment, lambda *_: True, None),
    quotes.CARRIED: Kind(_carried, lambda *_: True, None),
    quotes.RESTORATION: Kind(_restoration, quote_start.can_be_restored, None),
    quotes.WAKING: Kind(_waking, changes.can_still_be, _collecting_the_rest(_in_the_period(hibernation.wake))),
    quotes.BATCH: Kind(_batch, branch_batches.can_still_be, _in_the_period(branch_batches.carry_out)),
}
