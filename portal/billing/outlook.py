"""What comes after a quote once it is confirmed: the next charge, and what becomes of a month that is paid already.

It is told beside the quote, as things stand, and does not bind: whatever it rests on may go on to move.
"""

from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from portal.billing import advance, changes, holdings, planned, queries, quote_change, quotes, subscriptions
from portal.billing.models import Quote, Subscription
from portal.billing.proration import difference
from portal.currency.errors import RatesStale
from portal.invoicing import carried_account
from portal.invoicing.models import Customer
from portal.invoicing.queries import is_paid_for
from portal.kit.money import Money


@dataclass(frozen=True, slots=True)
class Outlook:
    """``ends_on`` is the day after the last of the period that a quote is part of, ``next_on`` that of the next charge;
    ``amount`` is what is invoiced then: None where nothing is any more, or where no rate gives it a price yet.
    """

    ends_on: date
    next_on: date
    amount: Money | None
    further: Money
    """What a month that is paid already costs more on its first day; below zero, what comes back of it at once."""
    carried: Money
    """What was carried and is paid with the next payment, since nothing is paid along with the quote."""
    is_ending: bool = False
    becomes: str | None = None
    """The code of the tier that stays chosen for the period's end."""

    @property
    def last_on(self) -> date:
        """The last day of the period."""
        return self.ends_on - timedelta(days=1)


def of(quote: Quote, customer: Customer, now: datetime) -> Outlook | None:
    """Return what comes after a stored quote; None where it is of no period."""
    if quote.kind in (quotes.PREPAYMENT, quotes.CARRIED):
        return None
    nothing = Money.zero(quote.currency)
    carried = nothing if quote.due else carried_account.of(customer.id, quote.currency)
    if quote.kind in (quotes.START, quotes.RESTORATION):
        ends_on = subscriptions.first_period(customer.time_zone, quote.quoted_on).ends_on
        return Outlook(ends_on, ends_on, quote.total, nothing, carried)
    ends_on = date.fromisoformat(quote.terms["period"]["ends_on"])
    plain = Outlook(ends_on, ends_on, Money(quote.terms["next_amount"], quote.currency), nothing, carried)
    subscription = queries.find_live(customer.id)
    quoted = quote.subscription_id, quote.subscription_version
    if subscription is None or (subscription.id, subscription.version) != quoted:
        return plain
    return _of_change(plain, _after(subscription, quote), quote.currency, now)


def _after(subscription: Subscription, quote: Quote) -> Subscription:
    """Return a copy of a subscription as a quote leaves it, which nobody stores."""
    after = planned.copy(subscription)
    for name, value in changes.moves_of(subscription, quote.terms).items():
        setattr(after, name, value)
    return after


def _of_change(plain: Outlook, after: Subscription, currency: str, now: datetime) -> Outlook:
    if after.cancels_at_end:
        return replace(plain, amount=None, is_ending=True)
    plain = replace(plain, becomes=after.pending_tier_code)
    following = holdings.following(after, currency, now)
    if following is None:
        return replace(plain, amount=_month(after, currency, now)) if after.pending_tier_code else plain
    change, due, period = advance.adjusting(after, following, now), plain.further, following.period
    if change:
        due, _ = difference(following.held, change, following.invoiced, period)
    amount = following.invoiced + due
    if is_paid_for(after.id, period.starts_on):
        return replace(plain, next_on=period.ends_on, amount=amount, further=due)
    return replace(plain, next_on=period.starts_on, amount=amount)


def _month(after: Subscription, currency: str, now: datetime) -> Money | None:
    try:
        return quote_change.month_price(advance.wanted(after), after, currency, now)
    except RatesStale:
        return None
