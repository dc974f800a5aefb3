"""The next period, where it has been invoiced before it begins: brought in line with what has been changed since.

An invoice of which nothing is paid is credited in full and issued anew; once it is paid only the difference moves
(product.md, *Renewals*). Nothing here asks whether a change may be made.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from portal.billing import holdings, issuing, period_credit, quote_change, renewals
from portal.billing.holdings import Current
from portal.billing.issuing import Issue
from portal.billing.models import Subscription
from portal.billing.period_credit import Credited
from portal.billing.pricing import day_lines, terms_of
from portal.billing.proration import Holding, difference, net
from portal.billing.queries import find_buyer, named
from portal.invoicing import carried_account, credit_balance, customers, invoices
from portal.invoicing.batches import Drawn
from portal.invoicing.invoices import Basis, Line, rows_of
from portal.invoicing.models import Customer
from portal.invoicing.queries import taxed
from portal.invoicing.tax import of_change
from portal.kit import config, ids
from portal.kit.money import Money, total
from portal.payments import methods

FURTHER = "renewal_change"
"""The kind of an invoice for what a period that is paid already costs more than it did."""


@dataclass(frozen=True, slots=True)
class Ahead:
    """A period that is invoiced and has not begun, with whose it is."""

    subscription: Subscription
    customer: Customer
    next: Current


def adjust(subscription: Subscription, now: datetime) -> list[str]:
    """Have the next period of a locked subscription hold what it will by now, if it is invoiced already.

    :return: the numbers of the invoices of it that were not paid, and are credited in full.
    """
    customer = customers.get(subscription.customer_id)
    following = holdings.following(subscription, customer.currency, now)
    change = adjusting(subscription, following, now) if following is not None else ()
    if following is None or not change:
        return []
    holdings.take_up(following.id, change)
    return _settle(Ahead(subscription, customer, following), change, now)


def adjusting(subscription: Subscription, following: Current, now: datetime) -> Sequence[Holding]:
    """Return what a period that is invoiced and has not begun has to take up and give up to hold what is ``wanted``.

    :raises UnknownOffer, RatesStale: a price or the rate of the period is not there.
    """
    return quote_change.to_hold(wanted(subscription), subscription, following, following.period.starts_on, now)


def wanted(subscription: Subscription) -> Sequence[tuple[str, int]]:
    """Return what the next period is to hold: nothing, where the plan ends before it."""
    if subscription.cancels_at_end:
        return ()
    tier_code = subscription.pending_tier_code or subscription.tier_code
    return terms_of(subscription.mode, tier_code, subscription.extra_branches)


def _settle(ahead: Ahead, change: Sequence[Holding], now: datetime) -> list[str]:
    following = ahead.next
    of = Credited(ahead.subscription.id, following.id, following.period.starts_on)
    issued = invoices.lock_of_period(of.subscription_id, of.starts_on)
    if any(invoice.status == "paid" and invoice.not_credited for invoice in issued):
        due, shares = difference(following.held, change, following.invoiced, following.period)
        lines = day_lines(change, shares, following.period)
        if due < Money.zero(due.currency):
            period_credit.credit_change(of, lines, -due, now)
        elif due:
            _drop_draft(of.subscription_id)
            _issue(ahead, FURTHER, lines, now)
        return []
    unpaid = [invoice for invoice in issued if invoice.not_credited]
    for invoice in unpaid:
        period_credit.credit_whole(of, invoice, now)
    lines = _whole(ahead, change)
    if lines:
        _issue(ahead, renewals.KIND, lines, now)
    return [str(invoice.number) for invoice in unpaid]


def _drop_draft(subscription_id: UUID) -> None:
    """Void what was confirmed before the subscription moved and not paid: money for it becomes credit in any case, and
    there is one draft at a time."""
    draft = invoices.lock_draft_of(subscription_id)
    if draft is not None:
        invoices.void(draft)


def _whole(ahead: Ahead, change: Sequence[Holding]) -> list[Line]:
    """Return a line for each thing that the period holds by now, from its first day on."""
    left = net([*ahead.next.held, *change], ahead.next.period.starts_on)
    return day_lines(left, [one.unit * one.quantity for one in left], ahead.next.period)


def _issue(ahead: Ahead, kind: str, lines: Sequence[Line], now: datetime) -> None:
    """Issue an invoice of the period, due on its first day; credit pays what it can of it."""
    customer = ahead.customer
    has_method = methods.find_default(customer.id) is not None
    drawn, due_at = _drawn(ahead, kind, lines), ahead.next.period.starts_at
    carried = carried_account.of(customer.id, customer.currency).amount
    issue = Issue(drawn, due_at, ahead.subscription.public_id, customer.business_id, has_method, carried)
    issuing.draft([issue], now)
    issuing.number([issue], now)


def _drawn(ahead: Ahead, kind: str, lines: Sequence[Line]) -> Drawn:
    subscription, customer, period = ahead.subscription, ahead.customer, ahead.next.period
    amount = total([line.amount for line in lines], customer.currency)
    buyer = named(find_buyer(customer), customer.public_id)
    rate = config.current().seller.vat_rate(buyer["country"])
    return Drawn(
        id=ids.new_id(),
        public_id=ids.public_id("inv"),
        basis=Basis(customer.id, subscription.id, subscription.version, None, kind, customer.currency),
        lines=rows_of(lines),
        total=amount,
        tax_rate=rate,
        tax=of_change(taxed(subscription.id, period.starts_on, rate, customer.currency), amount, rate),
        credit=min(amount, credit_balance.of(customer.id, customer.currency)),
        period=(period.starts_on, period.ends_on),
        due_on=period.starts_on,
        buyer=buyer,
    )
