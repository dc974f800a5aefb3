"""Renewals: what is due is announced, waited for or invoiced, a chunk of subscriptions a transaction.

The rules are asked once for each case, the rows are written by a handful of statements. A chunk that dies leaves
nothing behind; of one subscription a chunk makes one period, so that a backlog is billed one by one, in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from portal.billing import due, issuing, renewal_rules
from portal.billing.due import Due
from portal.billing.issuing import Issue
from portal.billing.models import PeriodHolding, Subscription, SubscriptionPeriod
from portal.billing.month_prices import Priced, Prices
from portal.billing.periods import Period, following
from portal.billing.renewal_rules import Step
from portal.catalogue.errors import UnknownOffer
from portal.currency.errors import RatesStale
from portal.invoicing.batches import Drawn
from portal.invoicing.invoices import Basis
from portal.kit import ids, logging, outbox, sets
from portal.kit.db import table_of
from portal.kit.jobs import Queue
from portal.kit.money import Money
from portal.kit.outbox import Happened

log = logging.logger()
KIND = "subscription_renewal"
RENEW = "billing.renew"
ANNOUNCED = "billing.renewal_announced"
CHUNK = 1000
_AGAIN = timedelta(hours=1)
"""What has no price yet, for want of a rate or of an entry in the price book, is looked at again after this long; it
must not hold up the others of its chunk."""


@dataclass(frozen=True, slots=True)
class Look:
    """What one look at a subscription comes to; without a price it waits for one."""

    of: Due
    period: Period
    step: Step
    priced: Priced | None
    again_at: datetime
    lacks: str = ""
    """Why there is no price: a code of ``RatesStale`` or ``UnknownOffer``."""


def renew_chunk(now: datetime, limit: int = CHUNK) -> int:
    """Do what is due for up to ``limit`` subscriptions, and return for how many."""
    prices = Prices(now)
    looks = [look_at(one, prices, now) for one in due.lock_due(now, limit)]
    if looks:
        _report(looks)
        issues = _invoice([look for look in looks if look.step is Step.INVOICE], prices, now)
        _announce([look for look in looks if look.step is Step.ANNOUNCE], now)
        planned = [{"id": look.of.id, "renews_at": look.again_at} for look in looks]
        sets.update_rows(table_of(Subscription), planned)
        issuing.number(issues, now)
    return len(looks)


def look_at(one: Due, prices: Prices, now: datetime) -> Look:
    """Return what is to be done by ``now`` about the period that follows the newest one of a subscription."""
    period = following(one.period, one.anchor_on, ZoneInfo(one.time_zone))
    try:
        priced = prices.of(one)
    except (RatesStale, UnknownOffer) as missing:
        return Look(one, period, Step.WAIT, None, now + _AGAIN, missing.code)
    credit = Money(one.credit, one.currency)
    step = renewal_rules.step(period.starts_at, priced.total, credit, one.has_method, now)
    return Look(one, period, step, priced, renewal_rules.next_look(step, period.starts_at, period.ends_at))


def _report(looks: Sequence[Look]) -> None:
    for look in looks:
        if look.priced is None:
            log.error("renewal_without_price", subscription=look.of.public_id, reason=look.lacks)


def _announce(looks: Sequence[Look], now: datetime) -> None:
    outbox.record_all([Happened(ANNOUNCED, look.of.public_id, _announced(look)) for look in looks], Queue.BULK, now)


def _announced(look: Look) -> dict[str, Any]:
    priced = _priced(look)
    return {
        "business_id": ids.text(look.of.business_id),
        "starts_on": look.period.starts_on.isoformat(),
        "is_pulled": look.of.has_method or look.of.credit >= priced.total.amount,
        "lines": priced.lines,
        "amount": priced.total.amount,
        "carried": look.of.carried,
        "currency": look.of.currency,
    }


def _invoice(looks: Sequence[Look], prices: Prices, now: datetime) -> list[Issue]:
    """Draft the invoices of whole periods that are about to begin, and store the periods; numbers are taken later."""
    issues = [_issue(look, draw(look, prices, now)) for look in looks]
    issuing.draft(issues, now)
    _open_periods(looks, [one.drawn for one in issues])
    return issues


def _issue(look: Look, drawn: Drawn) -> Issue:
    of = look.of
    return Issue(drawn, look.period.starts_at, of.public_id, of.business_id, of.has_method, of.carried)


def draw(look: Look, prices: Prices, now: datetime) -> Drawn:
    """Draw the invoice of a period that is about to begin, without storing anything.

    :raises ValueError: it has no price.
    """
    of, priced = look.of, _priced(look)
    rate, tax = prices.tax(priced.total, of.buyer["country"])
    return Drawn(
        id=ids.new_id(),
        public_id=ids.public_id("inv"),
        basis=Basis(of.customer_id, of.id, of.version, None, KIND, of.currency),
        lines=priced.lines,
        total=priced.total,
        tax_rate=rate,
        tax=tax,
        credit=min(priced.total, Money(of.credit, of.currency)),
        period=(look.period.starts_on, look.period.ends_on),
        due_on=max(look.period.starts_on, now.astimezone(ZoneInfo(of.time_zone)).date()),
        buyer=of.buyer,
    )


def _open_periods(looks: Sequence[Look], drawn: Sequence[Drawn]) -> None:
    """Store the periods with what is held of them from their first day on: the lines of their invoices."""
    periods, holdings = [], []
    for look, one in zip(looks, drawn, strict=True):
        period_id = ids.new_id()
        of = {"id": period_id, "subscription_id": look.of.id, "invoice_id": one.id, "rate_on": _priced(look).rate_on}
        periods.append(of | sets.columns_of(look.period))
        holdings += [
            {
                "id": ids.new_id(),
                "period_id": period_id,
                "code": line["code"],
                "quantity": line["quantity"],
                "unit_amount": line["unit_amount"],
                "from_on": look.period.starts_on,
            }
            for line in one.lines
        ]
    sets.insert_rows(table_of(SubscriptionPeriod), periods)
    sets.insert_rows(table_of(PeriodHolding), holdings)


def _priced(look: Look) -> Priced:
    if look.priced is None:
        raise ValueError("what waits for a price has none")
    return look.priced
