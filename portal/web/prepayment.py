"""Paying months ahead: what so many cost, and the quote of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, redirect, render_template, url_for
from werkzeug.wrappers import Response

from portal.billing import arrears, checkout, prepayment, queries, ways
from portal.billing.states import LISTED
from portal.currency.errors import RatesStale
from portal.invoicing import customers
from portal.kit import edge, sent_fields
from portal.kit.rate_limit import limiter
from portal.web import under_way
from portal.web.access import may, requires, writes_once

if TYPE_CHECKING:
    from datetime import datetime

    from portal.billing.models import Subscription
    from portal.directory.models import Business
    from portal.invoicing.models import Customer
    from portal.kit.money import Money

bp = Blueprint("prepayment", __name__, url_prefix="/businesses/<business>/prepayment")
_SHOWN = (1, 2, 3, 6, prepayment.MOST)


@bp.get("")
@requires("billing:view")
def show(business: Business) -> str:
    """Show what paying ahead is, and what each number of months costs today."""
    customer, now = customers.find_of_business(business.id), edge.now()
    subscription = queries.find_live(customer.id) if customer else None
    if customer is None or subscription is None or subscription.status not in LISTED:
        is_hidden = subscription is not None and subscription.status == "suspended"
        return render_template("web/prepayment/page.html", business=business, is_running=False, is_hidden=is_hidden)
    each, (owed, credit) = _month(subscription, customer, now), arrears.of_customer(customer.id, customer.currency)
    return render_template(
        "web/prepayment/page.html",
        business=business,
        is_running=True,
        month=each,
        choices=[(months, each * months) for months in _SHOWN] if each is not None else [],
        credit=credit,
        owed=arrears.total_of(owed, customer.currency),
        may_pay=may("billing:pay"),
        pending_url=under_way.address(subscription),
    )


def _month(subscription: Subscription, customer: Customer, now: datetime) -> Money | None:
    try:
        return prepayment.month(subscription, customer, now)
    except RatesStale:
        return None


@bp.post("/quote")
@limiter.limit("30 per minute")
@requires("billing:pay")
@writes_once
def make_quote(business: Business) -> Response:
    """Store the quote of paying some months ahead."""
    now, typed = edge.now(), sent_fields.one("months")
    months = int(typed) if typed.isascii() and typed.isdigit() and len(typed) <= 2 else 0
    quote = checkout.quote_prepayment(customers.of_business(business, now), months, ways.WALLET, now)
    return redirect(url_for("plan.show_quote", business=business.public_id, quote_id=quote.public_id), 303)
