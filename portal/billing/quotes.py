"""Quotes: what something costs, by lines that explain themselves, stored before anybody confirms it.

A quote binds: confirming charges these pennies, or shows a new quote. What is quoted is put together by ``quote_start``
and, of what changes while it runs, by ``quote_change``.
"""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, insert, select

from portal.billing import arrears
from portal.billing.models import Quote, Subscription
from portal.currency import rates
from portal.currency.conversion import convert
from portal.currency.errors import RatesStale
from portal.invoicing import credit_balance
from portal.invoicing.invoices import Line
from portal.invoicing.models import Customer
from portal.kit import ids
from portal.kit.db import db, table_of
from portal.kit.errors import NotFound
from portal.kit.money import Money, total

START = "subscription_start"
CHANGE = "subscription_change"
HIBERNATION = "hibernation"
WAKING = "waking"
PREPAYMENT = "prepayment"
BATCH = "branch_batch"
RESTORATION = "restoration"
CARRIED = "carried"
_FOR_CREDIT = (PREPAYMENT, CARRIED)
"""What is paid to be credit, which credit does not pay, nor anything along with it."""
_FROM_ANEW = (START, RESTORATION)
"""What is paid only with all that is owed from before, of which credit pays first."""


def assemble(
    kind: str,
    subscription: Subscription,
    customer: Customer,
    lines: Sequence[Line],
    basis: dict[str, Any],
    settles_in: str,
    now: datetime,
    on: date | None = None,
) -> Quote:
    """Return a quote of ``lines``, not stored yet; credit pays what it can of it, and what is left has arrears added.

    Below zero it is what comes back, and nothing is to pay.

    :param basis: what else it rests on, as JSON; ``branches``, those that it charges, are always among it.
    :param settles_in: the currency in which the chosen wallet collects.
    :param on: the day from which it counts, where that need not be the one it is where the customer lives.
    """
    amount = total([line.amount for line in lines], customer.currency)
    to_pay = max(amount, Money.zero(customer.currency))
    credit, along = _paid_with(kind, customer, to_pay)
    due = to_pay - credit + arrears.total_of(along, customer.currency)
    settlement = _settlement(due, settles_in, now)
    shown = {"credit": credit.amount, "arrears": along, "settlement": settlement}
    return Quote(
        public_id=ids.public_id("qt"),
        customer_id=customer.id,
        subscription_id=subscription.id,
        subscription_version=subscription.version,
        kind=kind,
        terms={**basis, **shown, "lines": [_line_as_json(line) for line in lines]},
        total_amount=amount.amount,
        credit_amount=credit.amount,
        currency=customer.currency,
        quoted_on=on or local_day(customer.time_zone, now),
        created_at=now,
    )


def _paid_with(kind: str, customer: Customer, to_pay: Money) -> tuple[Money, arrears.Arrears]:
    """Return what credit pays of a quote, and what is paid along where that leaves something to pay."""
    if kind in _FOR_CREDIT:
        return to_pay * 0, []
    if kind in _FROM_ANEW:
        along, credit = arrears.of_customer(customer.id, customer.currency)
        return min(credit, to_pay), along
    credit, carried = credit_balance.with_carried(customer.id, customer.currency)
    return (credit, arrears.of_carried(carried)) if credit < to_pay else (to_pay, [])


def store(quote: Quote) -> Quote:
    """Store a previewed quote, so that it can be confirmed."""
    quote.id = ids.new_id()
    db.execute(_ADD, {name: getattr(quote, name) for name in _COLUMNS})
    return quote


def still_holds(quote: Quote, subscription: Subscription, fresh: Quote) -> bool:
    """Whether nothing that ``quote`` rests on has moved since: version, day, price, count, rate, balance."""
    return (quote.subscription_version, quote.quoted_on, quote.terms) == (
        subscription.version,
        fresh.quoted_on,
        fresh.terms,
    )


def _settlement(due: Money, settles_in: str, now: datetime) -> dict[str, Any] | None:
    """What the wallet will be asked for: the amount due, converted where the wallet takes another currency.

    While there is no rate for that, None: credit and a card need none.
    """
    if due.currency == settles_in or not due:
        return {"amount": due.amount, "currency": settles_in, "rate": None, "rate_on": None}
    try:
        rate = rates.newest(due.currency, settles_in, now)
    except RatesStale:
        return None
    asked = convert(due, rate)
    return {"amount": asked.amount, "currency": settles_in, "rate": str(rate.shown), "rate_on": rate.on.isoformat()}


def _line_as_json(line: Line) -> dict[str, Any]:
    return {
        "code": line.code,
        "quantity": line.quantity,
        "unit": line.unit.amount,
        "amount": line.amount.amount,
        "derivation": line.derivation,
    }


def lines_of(quote: Quote) -> list[Line]:
    """Return the lines of a stored quote."""
    return lines_in(quote.terms, quote.currency)


def lines_in(terms: dict[str, Any], currency: str) -> list[Line]:
    """Return the lines that the terms of a quote have."""
    return [
        Line(
            line["code"],
            line["quantity"],
            Money(line["unit"], currency),
            Money(line["amount"], currency),
            line["derivation"],
        )
        for line in terms["lines"]
    ]


def local_day(time_zone: str, now: datetime) -> date:
    """Return the day it is for a customer who lives in ``time_zone``."""
    return now.astimezone(ZoneInfo(time_zone)).date()


_ADD = insert(table_of(Quote))
_COLUMNS = tuple(column.name for column in table_of(Quote).c)
_BY_ID = select(Quote).where(Quote.id == bindparam("quote_id"))
_OF_BUSINESS = (
    select(Customer, Quote)
    .join(Quote, Quote.customer_id == Customer.id)
    .where(Customer.business_id == bindparam("business_id"), Quote.public_id == bindparam("public_id"))
)


def get_of_business(business_id: UUID, public_id: str) -> tuple[Customer, Quote]:
    """Return the customer of a business and a quote of theirs, by one question.

    :raises NotFound: there is none, or it is somebody else's.
    """
    found = db.execute(_OF_BUSINESS, {"business_id": business_id, "public_id": public_id}).one_or_none()
    if found is None:
        raise NotFound
    return found[0], found[1]


def get_by_id(quote_id: UUID) -> Quote:
    """Return a quote by key."""
    return db.scalars(_BY_ID, {"quote_id": quote_id}).one()
