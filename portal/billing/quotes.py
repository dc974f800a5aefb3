"""Quotes: what a change costs, by lines that explain themselves, stored before anybody confirms it.

``price_start`` is pure. A quote binds: confirming charges these pennies, or shows a new quote.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import bindparam, select

from portal.billing.models import Quote, Subscription
from portal.catalogue import price_book
from portal.currency import rates
from portal.currency.conversion import Rate, convert
from portal.invoicing import credit_balance
from portal.invoicing.invoices import Line
from portal.invoicing.models import Customer
from portal.kit import ids
from portal.kit.db import db
from portal.kit.errors import NotFound
from portal.kit.money import Money, total

START = "subscription_start"


@dataclass(frozen=True, slots=True)
class Item:
    """Something with a monthly price: ``price`` for one, as the price book gives it."""

    code: str
    price: Money
    quantity: int


def price_start(items: Sequence[Item], currency: str, rate: Rate | None) -> list[Line]:
    """Price the first, whole period: unit price (converted once where the book has another currency) × quantity."""
    lines = []
    for item in items:
        unit = item.price if item.price.currency == currency else convert(item.price, _needed(rate))
        derivation: dict[str, Any] = {
            "kind": "month",
            "book_amount": item.price.amount,
            "book_currency": item.price.currency,
        }
        if unit.currency != item.price.currency:
            derivation |= {"rate": str(_needed(rate).shown), "rate_on": _needed(rate).on.isoformat()}
        lines.append(Line(item.code, item.quantity, unit, unit * item.quantity, derivation))
    return lines


def _needed(rate: Rate | None) -> Rate:
    if rate is None:
        raise ValueError("a rate is needed to convert a price")
    return rate


def preview_start(
    subscription: Subscription, customer: Customer, branch_ids: Sequence[UUID], settles_in: str, now: datetime
) -> Quote:
    """Return the quote of a subscription's start, not stored yet.

    :param branch_ids: the branches beyond the main one, each charged.
    :param settles_in: the currency in which the chosen wallet collects.
    :raises RatesStale: a needed rate is older than seven days.
    """
    lines, terms = _start_terms(subscription, customer, branch_ids, settles_in, now)
    amount = total([line.amount for line in lines], customer.currency)
    return Quote(
        public_id=ids.public_id("qt"),
        customer_id=customer.id,
        subscription_id=subscription.id,
        subscription_version=subscription.version,
        kind=START,
        terms=terms,
        total_amount=amount.amount,
        credit_amount=terms["credit"],
        currency=customer.currency,
        quoted_on=local_day(customer.time_zone, now),
        created_at=now,
    )


def store(quote: Quote) -> Quote:
    """Store a previewed quote, so that it can be confirmed."""
    db.add(quote)
    db.flush()
    return quote


def still_holds(quote: Quote, subscription: Subscription, fresh: Quote) -> bool:
    """Whether nothing that ``quote`` rests on has moved since: version, day, price, count, rate, balance."""
    return (quote.subscription_version, quote.quoted_on, quote.terms) == (
        subscription.version,
        fresh.quoted_on,
        fresh.terms,
    )


def _start_terms(
    subscription: Subscription, customer: Customer, branch_ids: Sequence[UUID], settles_in: str, now: datetime
) -> tuple[list[Line], dict[str, Any]]:
    version, tier = price_book.get_tier_on_sale(subscription.tier_code, now)
    items = [Item(tier.code, Money(tier.amount, tier.currency), 1)]
    if branch_ids:
        branch = price_book.get_price(version, price_book.BRANCH)
        items.append(Item(branch.code, Money(branch.amount, branch.currency), len(branch_ids)))
    foreign = {item.price.currency for item in items} - {customer.currency}
    rate = rates.newest(foreign.pop(), customer.currency, now) if foreign else None
    lines = price_start(items, customer.currency, rate)
    amount = total([line.amount for line in lines], customer.currency)
    credit = min(amount, credit_balance.of(customer.id, customer.currency))
    terms = {
        "price_version": str(version),
        "branches": sorted(str(branch_id) for branch_id in branch_ids),
        "lines": [_line_as_json(line) for line in lines],
        "credit": credit.amount,
        "settlement": _settlement(amount - credit, settles_in, now),
    }
    return lines, terms


def _settlement(due: Money, settles_in: str, now: datetime) -> dict[str, Any]:
    """What the wallet will be asked for: the amount due, converted where the wallet takes another currency."""
    if due.currency == settles_in:
        return {"amount": due.amount, "currency": settles_in, "rate": None, "rate_on": None}
    rate = rates.newest(due.currency, settles_in, now)
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
    return [
        Line(
            line["code"],
            line["quantity"],
            Money(line["unit"], quote.currency),
            Money(line["amount"], quote.currency),
            line["derivation"],
        )
        for line in quote.terms["lines"]
    ]


def local_day(time_zone: str, now: datetime) -> date:
    """Return the day it is for a customer who lives in ``time_zone``."""
    return now.astimezone(ZoneInfo(time_zone)).date()


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
